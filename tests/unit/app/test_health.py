"""What /health and /ready tell."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from spica import App
from spica.app.health import KEPT_S, Health
from spica.config.settings import HealthSection
from spica.middleware import Hosts, Middleware


class Refusing(Middleware):
    def before(self, ctx: Any) -> object:
        raise AssertionError("nothing of the application's is asked for health pages")


def health(**options: Any) -> Health:
    return Health(HealthSection(**options), explains=True)


async def told(of: Health) -> tuple[int, dict[str, str]]:
    import json

    response = await of.tell_ready()
    return response.status, json.loads(response.body).get("checks", {})


async def test_the_pages_answer_in_every_application_whatever_its_middleware(exchange) -> None:
    app = App(env="production")
    app.use(Refusing, Hosts("example.com"))

    live = await exchange(app, "GET", "/health", headers={"host": "10.0.0.1"})
    ready = await exchange(app, "GET", "/ready", headers={"host": "10.0.0.1"})

    assert (live.status, live.json()) == (200, {"status": "alive"})
    assert (ready.status, ready.json()) == (200, {"status": "ready", "checks": {}})
    assert live.field("cache-control") == ready.field("cache-control") == "no-store"
    assert [route.label for route in app.routes] == []


async def test_routes_of_the_application_win(exchange) -> None:
    app = App()

    @app.get("/health")
    def own() -> str:
        return "mine"

    assert (await exchange(app, "GET", "/health")).text == "mine"
    assert (await exchange(app, "GET", "/ready")).status == 200


async def test_they_can_be_elsewhere_or_nowhere(project, exchange) -> None:
    config = project / "config" / "health.toml"
    config.write_text('[health]\nlive = "/up"\nready = "/_/ready"\n')
    app = App(root=project)
    assert (await exchange(app, "GET", "/up")).status == (await exchange(app, "GET", "/_/ready")).status == 200
    assert (await exchange(app, "GET", "/health")).status == 404

    config.write_text("[health]\nenabled = false\n")
    app = App(root=project)
    assert (await exchange(app, "GET", "/health")).status == (await exchange(app, "GET", "/ready")).status == 404


async def test_a_check_that_raises_or_says_false_is_not_ready(exchange, caplog) -> None:
    app = App(env="production")

    @app.ready_check
    async def search() -> None:
        raise ConnectionError("http://user:secret@search is down")

    @app.ready_check
    def disk() -> bool:
        return True

    with caplog.at_level(logging.INFO, "spica.health"):
        answers = [await exchange(app, "GET", "/ready") for _ in range(3)]

    assert [answer.status for answer in answers] == [503, 503, 503]
    assert answers[0].json() == {"status": "unavailable", "checks": {"search": "failed", "disk": "ok"}}
    assert answers[0].field("retry-after") == "1"
    assert [record.message for record in caplog.records] == [
        "the check 'search' of /ready failed: ConnectionError: http://user:secret@search is down"
    ]
    assert (await exchange(app, "GET", "/health")).status == 200


async def test_while_developing_the_page_says_why(exchange) -> None:
    app = App(env="development")

    @app.ready_check
    def search() -> bool:
        return False

    assert (await exchange(app, "GET", "/ready")).json()["checks"] == {"search": "it returned False"}


async def test_a_check_that_hangs_is_told_in_time_and_started_once() -> None:
    pages, started, released = health(timeout_s=0.05), 0, asyncio.Event()

    async def hangs() -> None:
        nonlocal started
        started += 1
        await released.wait()

    pages.add("hangs", hangs)
    answers = await asyncio.gather(*(told(pages) for _ in range(5)))
    assert answers == [(503, {"hangs": "no answer within 0.05 s"})] * 5
    assert await told(pages) == answers[0]
    assert started == 1

    released.set()
    assert await told(pages) == (200, {"hangs": "ok"})
    assert started == 1


async def test_probes_share_one_verdict_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spica.app.health.KEPT_S", 60.0)
    pages, asked = health(), 0

    def counts() -> None:
        nonlocal asked
        asked += 1

    pages.add("counts", counts)
    for _ in range(20):
        await told(pages)
    assert asked == 1
    monkeypatch.setattr("spica.app.health.KEPT_S", 0.0)
    await told(pages)
    assert asked == 2


async def test_only_what_is_stale_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spica.app.health.KEPT_S", 60.0)
    pages, asked = health(), []
    pages.add("first", lambda: asked.append("first"))
    await told(pages)
    with pytest.raises(StopIteration):  # nothing is stale: it answers without giving way to anything else
        pages.tell_ready().send(None)
    pages.add("second", lambda: asked.append("second"))
    assert await told(pages) == (200, {"first": "ok", "second": "ok"})
    assert asked == ["first", "second"]


async def test_a_prober_that_goes_away_takes_nothing_along() -> None:
    pages, released = health(timeout_s=5), asyncio.Event()
    pages.add("slow", released.wait)
    gone = asyncio.ensure_future(pages.tell_ready())
    other = asyncio.ensure_future(told(pages))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gone.cancel()
    released.set()
    assert await other == (200, {"slow": "ok"})


async def test_a_server_that_leaves_is_not_ready_and_an_application_that_starts_again_is() -> None:
    pages = health()
    pages.leave()
    assert (await pages.tell_ready()).status == 503
    pages.enter()
    assert (await pages.tell_ready()).status == 200


async def test_the_database_and_its_migrations(project: Path, exchange) -> None:
    (project / "config" / "database.toml").write_text('[database]\nurl = "sqlite://./app.db"\n')
    folder = project / "db" / "migrations"
    folder.mkdir(parents=True)
    (folder / "20260101000000_create_posts.py").write_text("")
    (folder / "20260102000000_add_title.py").write_text("")
    app = App(root=project, env="development")
    await app.startup()
    try:
        answer = await exchange(app, "GET", "/ready")
        assert (answer.status, answer.json()["checks"]) == (
            503,
            {"database": "ok", "migrations": "2 to run: spica db migrate"},
        )

        with sqlite3.connect(project / "app.db") as migrated:
            migrated.execute("create table schema_migrations (version varchar(14) primary key)")
            migrated.execute("insert into schema_migrations values ('20260101000000')")
        await asyncio.sleep(KEPT_S)
        answer = await exchange(app, "GET", "/ready")
        assert answer.json()["checks"]["migrations"] == "1 to run: spica db migrate"

        with sqlite3.connect(project / "app.db") as migrated:
            migrated.execute("insert into schema_migrations values ('20260102000000')")
        await asyncio.sleep(KEPT_S)
        assert (await exchange(app, "GET", "/ready")).status == 200
    finally:
        await app.shutdown()


@pytest.mark.parametrize("name", ["live", "ready"])
def test_paths_are_checked(project: Path, name: str) -> None:
    (project / "config" / "health.toml").write_text(f'[health]\n{name} = "ready"\n')
    with pytest.raises(Exception, match=name):
        App(root=project)
