"""Watching queries: N+1 fails tests and is told in development, the log of queries, comments with the route."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import pytest

from spica import App
from spica.app.query_watch import QueryWatch, is_of_a_test
from spica.db import engine
from spica.db.observed import ObservedDatabase, enter_scope, leave_scope
from spica.orm import Model, belongs_to, has_many
from spica.orm.n_plus_one import NPlusOne, advise
from spica.testing import allow_n_plus_one, assert_queries
from spica.testing.n_plus_one import watched


class Poet(Model):
    name: str
    poems: list[Poem] = has_many()


class Poem(Model):
    title: str
    poet: Poet = belongs_to()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "config/app.toml": f'[app]\nsecret_key = "{token_urlsafe(48)}"\n',
        "config/database.toml": '[database]\nurl = "sqlite://./test.db"\n',
        "config/routes.py": "def draw(r):\n    pass\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def routed(folder: Path, env: str) -> App:
    app = App(root=folder, env=env)

    @app.get("/each")
    async def each() -> list[str]:
        return [(await Poet.find(poem.poet_id)).name for poem in await Poem.order("id")]

    @app.get("/counts")
    async def counts() -> list[int]:
        return [await poet.related("poems").count() for poet in await Poet.all()]

    @app.get("/at_once")
    async def at_once() -> int:
        return len(await asyncio.gather(*[poet.related("poems") for poet in await Poet.all()]))

    @app.get("/together")
    async def together() -> list[str]:
        found = [poem.poet.name for poem in await Poem.includes("poet").order("id")]
        async for batch in Poem.in_batches(1):
            found += [poem.title for poem in batch]
        for n in range(10):
            await Poem.create(title=f"new {n}", poet_id=1)
        return found

    @app.get("/fails")
    async def fails() -> None:
        await Poet.count()
        raise ZeroDivisionError

    return app


@asynccontextmanager
async def running(app: App) -> AsyncIterator[App]:
    """The application with eight poets that have a poem each."""
    await app.startup()
    try:
        database = engine.current()
        await database.execute("create table if not exists poets (id integer primary key, name varchar not null)")
        await database.execute(
            "create table if not exists poems (id integer primary key, title varchar not null, poet_id integer)"
        )
        await Poet.insert_all([{"name": f"poet {n}"} for n in range(8)])
        await Poem.insert_all([{"title": f"poem {n}", "poet_id": n} for n in range(1, 9)])
        yield app
    finally:
        await app.shutdown()


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What is logged, as events and their values."""
    written: list[tuple[str, dict[str, Any]]] = []

    class Log:
        def info(self, event: str, **values: Any) -> None:
            written.append((event, values))

        warning = info

    monkeypatch.setattr("spica.app.query_watch.get_logger", lambda: Log())
    return written


@pytest.mark.parametrize(
    ("path", "relation", "fix"),
    [
        ("/each", "Poem.poet", 'Poem.includes("poet")'),
        ("/counts", "Poet.poems", "counter_cache"),
        ("/at_once", "Poet.poems", 'Poet.includes("poems")'),
    ],
)
async def test_in_tests_it_is_an_error(folder: Path, exchange: Any, path: str, relation: str, fix: str) -> None:
    async with running(routed(folder, "test")) as app:
        with pytest.raises(NPlusOne) as told, watched(app):
            assert (await exchange(app, "GET", path)).status == 500
    problem = told.value
    assert f"more than 5 times from one line, for {relation}" in problem.what
    assert "test_query_watch.py" in problem.where or path == "/at_once"  # gathered ones have no line
    assert fix in problem.fix
    assert "SELECT" in problem.why


async def test_what_loads_together_passes(folder: Path, exchange: Any) -> None:
    async with running(routed(folder, "test")) as app:
        with watched(app):
            assert (await exchange(app, "GET", "/together")).status == 200
            assert (await exchange(app, "GET", "/together")).status == 200
            for poet in await Poet.all():  # a line of a test may
                await poet.related("poems")


async def test_a_block_may_be_left_out(folder: Path, exchange: Any) -> None:
    async with running(routed(folder, "test")) as app:
        with watched(app), allow_n_plus_one():
            assert (await exchange(app, "GET", "/each")).status == 200
        with pytest.raises(NPlusOne), watched(app):
            await exchange(app, "GET", "/each")


async def test_code_that_a_test_calls_is_looked_at(folder: Path) -> None:
    (folder / "report.py").write_text(
        "async def report(Poet):\n    return [await poet.related('poems') for poet in await Poet.all()]\n\n"
        "async def first(Poet):\n    return await Poet.first()\n"
    )
    names: dict[str, Any] = {}
    exec(compile((folder / "report.py").read_text(), str(folder / "report.py"), "exec"), names)
    async with running(routed(folder, "test")) as app:
        with watched(app):
            for _ in range(7):
                await names["first"](Poet)
        with pytest.raises(NPlusOne, match=r"report\.py:2"), watched(app):
            await names["report"](Poet)


async def test_development_writes_lines(folder: Path, exchange: Any, lines: list[tuple[str, dict[str, Any]]]) -> None:
    async with running(routed(folder, "development")) as app:
        lines.clear()
        assert (await exchange(app, "GET", "/each")).status == 200
    queries = [values for event, values in lines if event == "query"]
    assert len(queries) == 9
    assert queries[0]["sql"].startswith("SELECT poems.id")
    assert "test_query_watch.py:" in queries[0]["at"]
    assert queries[0]["ms"] >= 0
    [(_, warning)] = [line for line in lines if line[0] == "N+1"]
    assert warning["fix"] == 'load it with the records: Poem.includes("poet")'
    assert "for Poem.poet" in warning["problem"]


async def test_the_error_page_lists_the_queries(folder: Path, exchange: Any) -> None:
    async with running(routed(folder, "development")) as app:
        page = await exchange(app, "GET", "/fails", headers={"accept": "text/html"})
    assert page.status == 500
    assert "<h2>Queries</h2>" in page.text
    assert "SELECT count(*) AS count_1 FROM poets" in page.text


async def test_production_has_a_plain_database(folder: Path, exchange: Any) -> None:
    async with running(routed(folder, "production")) as app:
        assert type(engine.current()) is engine.Database
        assert app.query_watch is None
        assert (await exchange(app, "GET", "/each")).status == 200


async def test_comments_name_the_route(folder: Path, exchange: Any) -> None:
    (folder / "config/database.toml").write_text('[database]\nurl = "sqlite://./test.db"\nquery_comments = true\n')
    async with running(routed(folder, "production")) as app:
        assert isinstance(engine.current(), ObservedDatabase)
        with assert_queries(max=20) as queries:
            assert (await exchange(app, "GET", "/each")).status == 200
        assert (await exchange(app, "GET", "/each")).status == 200
        rows = await engine.current().query("select * from poets where name = :name", name="poet 1")
    assert len(rows) == 1
    assert all("/*route='" in sql and sql.endswith("each'*/") for sql in queries)


def test_a_relation_that_can_not_work_is_no_advice() -> None:
    class Critic(Model, table="poems"):
        papers: list[Nowhere] = has_many()  # type: ignore[name-defined]  # noqa: F821  # there is none

    assert Critic.__schema__.relations
    assert 'Poet.includes("poems")' in advise("SELECT poems.id FROM poems WHERE poems.poet_id = ?").fix


def test_comments_can_not_end_themselves() -> None:
    watch = QueryWatch(log=False, detect="off", comments=True)
    enter_scope("x*/ drop table :name ? $1 %s '--")
    text = watch.before("SELECT 1", ())
    leave_scope()
    assert watch.before("SELECT 1", ()) == "SELECT 1"
    assert text.count("*/") == 1
    assert not set(text.removeprefix("SELECT 1 /*route=")) & set(":?$ ")


@pytest.mark.parametrize(
    ("sql", "fix"),
    [
        ("SELECT poets.id FROM poets WHERE poets.id = ?", 'Poem.includes("poet")'),
        ("SELECT `poems`.`id` FROM `poems` WHERE `poems`.`poet_id` IN (?)", 'Poet.includes("poems")'),
        (
            "SELECT poems.id FROM poems LEFT OUTER JOIN poets AS joined_poet ON poems.poet_id = joined_poet.id"
            " WHERE poems.poet_id = ?",
            'Poet.includes("poems")',
        ),
        ('SELECT count(*) AS n FROM "poems" WHERE "poems"."poet_id" = $1', "counter_cache=True"),
        ("SELECT 1", "where(id=[...])"),
    ],
)
def test_advice(sql: str, fix: str) -> None:
    assert fix in advise(sql).fix


@pytest.mark.parametrize(
    ("file", "expected"),
    [("tests/models/post.py", True), ("app/test_x.py", True), ("conftest.py", True), ("app/models/attest.py", False)],
)
def test_files_of_tests(file: str, expected: bool) -> None:
    assert is_of_a_test(file) is expected
