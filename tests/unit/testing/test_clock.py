"""Time in tests: what moves with it, and what must not."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime, timedelta

import pytest

from spica import App, Context, tokens
from spica.middleware.sessions import Session
from spica.security.errors import TokenExpired
from spica.testing import Clock, running_client
from spica.testing.cookies import CookieJar

KEY = "0123456789abcdefghijklmnopqrstuv"


def test_time_stands_moves_and_is_real_again(clock: Clock) -> None:
    before = datetime.now(UTC)
    clock.freeze("2026-05-01T12:00")
    assert clock.now() == datetime(2026, 5, 1, 12, tzinfo=UTC) == datetime.now(UTC)
    clock.travel(hours=1, days=-1)
    assert (date.today(), time.time()) == (date(2026, 4, 30), datetime(2026, 4, 30, 13, tzinfo=UTC).timestamp())
    with clock.freeze(date(2030, 1, 1)):
        assert datetime.now(UTC).year == 2030
        clock.travel_to(0)
    assert datetime.now(UTC).year == 2026
    clock.unfreeze()
    assert before <= datetime.now(UTC) < before + timedelta(minutes=5)


def test_time_goes_on_after_travelling(clock: Clock) -> None:
    clock.travel(hours=2)
    first = time.time_ns()
    while time.time_ns() == first:
        pass
    assert time.time_ns() > first


async def test_durations_are_real(clock: Clock) -> None:
    loop = asyncio.get_running_loop()
    began = time.monotonic(), loop.time()
    clock.travel(days=365)
    assert time.monotonic() - began[0] < 3600
    assert loop.time() - began[1] < 3600
    async with asyncio.timeout(30):
        await asyncio.sleep(0.001)


async def test_sessions_cookies_and_tokens_end(clock: Clock) -> None:
    app = App(env="test", secret_key=KEY)
    app.use(Session(idle_s=3_600, absolute_s=7_200))

    @app.get("/")
    def show(ctx: Context) -> dict[str, object]:
        return {"user": ctx.session.get("user_id")}

    await app.startup()
    async with running_client(app) as client:
        clock.freeze()
        token = tokens.sign("reset", 7, max_age=3_600)
        client.sign_in(user_id=7)
        (await client.get("/")).expect_json({"user": 7})
        clock.travel(minutes=59)
        (await client.get("/")).expect_json({"user": 7})
        assert tokens.verify("reset", token, max_age=3_600) == 7
        clock.travel(hours=1, minutes=1)
        with pytest.raises(TokenExpired):
            tokens.verify("reset", token, max_age=3_600)
        (await client.get("/")).expect_json({"user": None})
    await app.shutdown()


def test_the_clients_cookies_expire(clock: Clock) -> None:
    jar = CookieJar()
    clock.freeze("2026-05-01")
    jar.update_from(["a=1; Max-Age=60", "b=2; Expires=Sat, 02 May 2026 00:00:00 GMT", "c=3", "d=4; Path=/admin"])
    assert jar.render() == "a=1; b=2; c=3"
    assert jar.render("/admin/x", e="5") == "a=1; b=2; c=3; d=4; e=5"
    assert "d=4" not in jar.render("/administrators")
    clock.travel(minutes=1)
    assert jar.render() == "b=2; c=3"
    clock.travel(days=1)
    assert jar.render() == "c=3"
    assert "a" not in jar
