"""What every session store on a server must do: one suite, run on each. Promise 39."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from spica import App, Context, Response
from spica import middleware as m
from spica.middleware.session_data import SessionData
from spica.middleware.session_store import Change, Record
from spica.middleware.session_stores.server import ServerStore, digest
from tests.serving import open_client

HOUR = 3_600
Step = Callable[[Context], Any]


def record(key: str, owner: str = "", *, lives_s: int = HOUR, **parts: str) -> Record:
    now = int(time.time())
    return Record(key, owner, now, now, now + lives_s, {f"={name}": text for name, text in parts.items()})


def change(owner: str = "", **parts: str | None) -> Change:
    now = int(time.time())
    return Change({f"={name}": text for name, text in parts.items()}, owner, now, now + HOUR)


class SessionStoreSuite:
    """Subclasses give the fixture `records`, empty ones."""

    async def test_a_record_comes_back_as_it_was_stored(self, records: Any) -> None:
        made = record("k", "7", name='"Ünïcode \\u0000 \\" \'"', cart="[1,2]", none="null")
        await records.create(made)
        assert await records.find("k") == made
        assert await records.find("other") is None

    async def test_a_change_merges_by_name(self, records: Any) -> None:
        await records.create(record("k", a="1", b='{"x":1}', c="3"))
        assert await records.change("k", change(b='{"y":2}', c=None, **{'d"e$.f': "4"}))
        found = await records.find("k")
        assert found is not None
        assert found.parts == {"=a": "1", "=b": '{"y":2}', '=d"e$.f': "4"}

    async def test_changes_at_the_same_time_keep_each_other(self, records: Any) -> None:
        await records.create(record("k"))
        await asyncio.gather(*(records.change("k", change(**{f"n{number}": str(number)})) for number in range(20)))
        found = await records.find("k")
        assert found is not None
        assert found.parts == {f"=n{number}": str(number) for number in range(20)}

    async def test_a_change_never_brings_a_record_back(self, records: Any) -> None:
        await records.create(record("k", "7", a="1"))
        assert await records.delete("k")
        assert not await records.delete("k")
        assert not await records.change("k", change("7", a="2"))
        assert await records.find("k") is None
        assert await records.find_of("7") == []

    async def test_what_has_expired_is_gone(self, records: Any) -> None:
        await records.create(record("old", "7", lives_s=-1))
        assert await records.find("old") is None
        assert not await records.change("old", change("7"))
        assert await records.find_of("7") == []

    async def test_the_records_of_an_owner(self, records: Any) -> None:
        for key, owner in (("a", "7"), ("b", "7"), ("c", "8"), ("d", "")):
            await records.create(record(key, owner))
        assert {one.key for one in await records.find_of("7")} == {"a", "b"}
        assert await records.delete_of("7", keep="b") == 1
        assert [one.key for one in await records.find_of("7")] == ["b"]
        assert await records.find("c") is not None
        assert await records.delete_of("nobody") == 0

    async def test_an_empty_owner_owns_nothing_that_a_visitor_has(self, records: Any) -> None:
        app, visitor = self.serve(records)
        async with open_client(app) as client:
            await visitor(client, lambda ctx: ctx.session.update(cart=[1]))
            await visitor(client, lambda ctx: ctx.session.end_others())
            assert await visitor(client, lambda ctx: ctx.session.get("cart")) == [1]

    # Through the middleware

    async def test_a_session_lives_from_request_to_request_and_the_cookie_is_an_id(self, records: Any) -> None:
        app, visitor = self.serve(records)
        async with open_client(app) as client:
            await visitor(client, lambda ctx: ctx.session.update(cart=[1], name="Ann"))
            cookie = client.cookies["spica_session"]
            assert len(cookie) == 22  # 128 bits
            await visitor(client, lambda ctx: ctx.session["cart"].append(2))
            assert await visitor(client, lambda ctx: dict(ctx.session)) == {"cart": [1, 2], "name": "Ann"}
            assert client.cookies["spica_session"] == cookie
            assert await records.find(cookie) is None  # what is stored can't be sent as a cookie
            assert await records.find(digest(cookie)) is not None

    async def test_an_id_that_was_not_given_out_is_not_taken_over(self, records: Any) -> None:
        app, visitor = self.serve(records)
        async with open_client(app) as client:
            for planted in ("A" * 22, "x", "' or 1=1 --", "A" * 4_000):
                client.cookies["spica_session"] = planted
                await visitor(client, lambda ctx: ctx.session.update(user=7))
                assert client.cookies["spica_session"] != planted

    async def test_promise_39_a_login_has_a_new_id_and_the_old_one_is_worth_nothing(self, records: Any) -> None:
        app, visitor = self.serve(records)
        async with open_client(app) as client:
            await visitor(client, lambda ctx: ctx.session.update(cart=[1]))
            planted = client.cookies["spica_session"]
            await visitor(client, sign_in)
            assert client.cookies["spica_session"] != planted
            assert await visitor(client, lambda ctx: dict(ctx.session)) == {"cart": [1], "user_id": 7}
            client.cookies["spica_session"] = planted
            assert await visitor(client, lambda ctx: dict(ctx.session)) == {}

    async def test_promise_39_a_logout_ends_copies_of_the_cookie(self, records: Any) -> None:
        app, visitor = self.serve(records)
        async with open_client(app) as client:
            await visitor(client, sign_in)
            copied = client.cookies["spica_session"]
            await visitor(client, lambda ctx: ctx.reset_session())
            assert "spica_session" not in client.cookies
            client.cookies["spica_session"] = copied
            assert await visitor(client, lambda ctx: dict(ctx.session)) == {}

    @pytest.mark.parametrize("late", ["write", "rotate"])
    async def test_promise_39_a_logout_beats_what_is_under_way(self, records: Any, late: str) -> None:
        app, visitor = self.serve(records)
        async with open_client(app) as client:
            await visitor(client, sign_in)
            copied = client.cookies["spica_session"]
            inside, go_on = asyncio.Event(), asyncio.Event()

            async def slow(ctx: Context) -> None:
                assert ctx.session["user_id"] == 7
                inside.set()
                await go_on.wait()
                if late == "rotate":
                    ctx.session.rotate()
                ctx.session["late"] = True

            running = asyncio.ensure_future(visitor(client, slow))
            await inside.wait()
            await visitor(client, lambda ctx: ctx.session.clear())
            go_on.set()
            await running
            assert await records.find_of("7") == []
            for cookie in (copied, client.cookies.get("spica_session", "")):
                client.cookies["spica_session"] = cookie
                assert await visitor(client, lambda ctx: dict(ctx.session)) == {}

    async def test_requests_at_the_same_time_keep_each_others_values(self, records: Any) -> None:
        app, visitor = self.serve(records)
        async with open_client(app) as client:
            await visitor(client, lambda ctx: ctx.session.update(base=1, gone=1))
            inside, go_on = asyncio.Event(), asyncio.Event()

            async def slow(ctx: Context) -> None:
                ctx.session["slow"] = 1
                inside.set()
                await go_on.wait()

            running = asyncio.ensure_future(visitor(client, slow))
            await inside.wait()
            await visitor(client, lambda ctx: (ctx.session.update(quick=1), ctx.session.pop("gone")))
            go_on.set()
            await running
            assert await visitor(client, lambda ctx: dict(ctx.session)) == {"base": 1, "slow": 1, "quick": 1}

    async def test_promise_39_all_sessions_of_a_user_can_be_listed_and_ended(self, records: Any) -> None:
        app, visitor = self.serve(records)
        async with open_client(app) as client:
            cookies = []
            for _ in range(3):
                client.cookies.clear()
                await visitor(client, sign_in)
                cookies.append(client.cookies["spica_session"])
            session = next(one for one in app.middleware if isinstance(one, m.Session))
            listed = await session.sessions_of(7)
            assert {one.key for one in listed} == {digest(cookie) for cookie in cookies}
            assert await session.revoke(digest(cookies[0]))
            client.cookies["spica_session"] = cookies[2]
            await visitor(client, lambda ctx: ctx.session.end_others())
            assert [one.key for one in await session.sessions_of(7)] == [digest(cookies[2])]
            assert await session.revoke_all(7) == 1
            assert await visitor(client, lambda ctx: dict(ctx.session)) == {}

    async def test_promise_39_idle_and_absolute_limits(self, records: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        app, visitor = self.serve(records)
        async with open_client(app) as client:
            for created, seen, alive in ((0, 0, True), (-31, 0, False), (0, -8, False), (-29, -6, True)):
                now = int(time.time())
                times = (now + created * 86_400, now + seen * 86_400, now + HOUR)
                id = f"{created}{seen}".ljust(22, "A")
                await records.create(Record(digest(id), "", *times, {"=a": "1"}))
                client.cookies["spica_session"] = id
                assert await visitor(client, lambda ctx: dict(ctx.session)) == ({"a": 1} if alive else {})

    async def test_a_request_that_only_reads_writes_nothing(self, records: Any) -> None:
        app, visitor = self.serve(records)
        async with open_client(app) as client:
            await visitor(client, sign_in)
            key = digest(client.cookies["spica_session"])
            before = await records.find(key)
            await visitor(client, lambda ctx: dict(ctx.session))
            assert await records.find(key) == before

    async def test_flash_and_csrf_secret_are_kept(self, records: Any) -> None:
        store = ServerStore(records)
        session = SessionData()
        session.csrf_secret = "secret"
        session.flash["notice"] = "Saved"
        id = await store.save(session, "n", expires_at=int(time.time()) + HOUR)
        assert id is not None
        loaded = await store.load(id, "n")
        assert loaded is not None
        assert (loaded.csrf_secret, dict(loaded.flash)) == ("secret", {"notice": "Saved"})

    async def test_a_streamed_response_keeps_the_session(self, records: Any) -> None:
        app, visitor = self.serve(records)
        async with open_client(app) as client:
            await visitor(client, sign_in)
            response = await client.get("/stream")
            assert response.text == "7"
            assert "cookie" in response.headers["vary"]

    def serve(self, records: Any) -> tuple[App, Callable[[Any, Step], Awaitable[Any]]]:
        """An application with these sessions, and a way to run a step inside a request of a client."""
        app = App()
        app.use(m.Session(store=ServerStore(records)))
        steps: list[Step] = []
        seen: list[Any] = []

        @app.get("/step")
        async def step(ctx: Context) -> str:
            value = steps.pop()(ctx)
            seen.append(await value if asyncio.iscoroutine(value) else value)
            return "ok"

        @app.get("/stream")
        def stream(ctx: Context) -> Response:
            return Response.stream(iter([str(ctx.session["user_id"])]))

        async def visit(client: Any, wanted: Step) -> Any:
            steps.append(wanted)
            response = await client.get("/step")
            assert response.status == 200, response.text
            return seen.pop()

        return app, visit


def sign_in(ctx: Context) -> None:
    """What a login does."""
    ctx.session.rotate(owner=7)
    ctx.session["user_id"] = 7
