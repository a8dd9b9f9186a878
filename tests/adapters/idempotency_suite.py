"""What every store of idempotency keys must do, alone and through the middleware."""

from __future__ import annotations

import asyncio
from typing import Any

from spica import App, Context, Request, Response
from spica import middleware as m
from tests.serving import open_client


class IdempotencySuite:
    """Subclasses give the fixture `keys`, empty ones."""

    async def test_a_key_is_taken_once(self, keys: Any) -> None:
        taken = await asyncio.gather(*(keys.begin("k", "f", f"owner {number}", 60) for number in range(10)))
        assert [entry is None for entry in taken].count(True) == 1
        assert all(entry is None or entry == ("f", None) for entry in taken)

    async def test_a_response_is_kept_as_it_is(self, keys: Any) -> None:
        await keys.begin("k", "f", "me", 60)
        await keys.finish("k", "me", b"\x00\n\xff", 60)
        assert await keys.begin("k", "other", "you", 60) == ("f", b"\x00\n\xff")

    async def test_a_key_that_is_given_back_can_be_taken(self, keys: Any) -> None:
        await keys.begin("k", "f", "me", 60)
        await keys.release("k", "me")
        assert await keys.begin("k", "g", "you", 60) is None

    async def test_only_who_holds_a_key_finishes_it_and_gives_it_back(self, keys: Any) -> None:
        await keys.begin("k", "f", "slow", 1)
        await asyncio.wait_for(self.take_over(keys, "k", "next"), 10)
        await keys.release("k", "slow")
        await keys.finish("k", "slow", b"late", 60)
        assert await keys.begin("k", "f", "third", 60) == ("f", None)
        await keys.finish("k", "next", b"whole", 60)
        await keys.release("k", "next")
        await keys.release("k", "slow")
        assert await keys.begin("k", "f", "third", 60) == ("f", b"whole")

    async def take_over(self, keys: Any, key: str, owner: str) -> None:
        """Take a key as soon as its time is over; the stores' clocks can't be set."""
        while await keys.begin(key, "f", owner, 60) is not None:  # noqa: ASYNC110 - a store has no event for time
            await asyncio.sleep(0.05)

    async def test_a_form_that_is_sent_again_is_the_same_form(self, keys: Any) -> None:
        app, handled = self.serve(keys)

        async def send(boundary: str, text: str, file: str, name: str = "a.txt") -> Any:
            lines = [
                f"--{boundary}",
                'Content-Disposition: form-data; name="title"',
                "",
                text,
                f"--{boundary}",
                f'Content-Disposition: form-data; name="file"; filename="{name}"',
                "Content-Type: text/plain",
                "",
                file,
                f"--{boundary}--",
                "",
            ]
            return await client.post(
                "/upload",
                content="\r\n".join(lines).encode(),
                headers={"content-type": f"multipart/form-data; boundary={boundary}", "idempotency-key": "k"},
            )

        large = "x" * 300_000  # above what stays in memory, and above a block
        async with open_client(app) as client:
            first, again = await send("one", "Hi", large), await send("another-boundary", "Hi", large)
            others = [
                await send("one", "Ho", large),
                await send("one", "Hi", large[1:] + "y"),
                await send("one", "Hi", large, "b.txt"),
                await send("one", "Hi", large[1:]),
            ]
        assert (first.status, first.text) == (200, "Hi 300000")
        assert (again.status, again.text, again.headers["idempotency-replayed"]) == (200, "Hi 300000", "true")
        assert [one.status for one in others] == [422] * 4
        assert handled == ["Hi"]

    async def test_a_form_that_is_none_is_refused_by_who_reads_it(self, keys: Any) -> None:
        app, handled = self.serve(keys)
        sent = {"content-type": "multipart/form-data; boundary=b", "idempotency-key": "k"}
        async with open_client(app) as client:
            broken = [await client.post("/upload", content=one, headers=sent) for one in (b"--b\r\n", b"--b\r\nx")]
        assert [one.status for one in broken] == [400, 400]
        assert handled == []

    async def test_a_request_that_is_sent_again_is_handled_once(self, keys: Any) -> None:
        app, handled = self.serve(keys)
        async with open_client(app) as client:
            first, second = [await self.pay(client, "k1") for _ in range(2)]
            other = await self.pay(client, "k2")
        assert (first.status, first.text, second.status, second.text) == (201, "paid 1", 201, "paid 1")
        assert second.headers["x-receipt"] == first.headers["x-receipt"] == "r1"
        assert second.headers["idempotency-replayed"] == "true"
        assert "idempotency-replayed" not in first.headers
        assert "set-cookie" in first.headers
        assert "set-cookie" not in second.headers
        assert other.text == "paid 2"
        assert handled == ["5", "5"]

    async def test_the_same_key_with_another_content_is_422(self, keys: Any) -> None:
        app, handled = self.serve(keys)
        async with open_client(app) as client:
            await self.pay(client, "k")
            assert (await self.pay(client, "k", "6")).status == 422
        assert handled == ["5"]

    async def test_while_it_is_handled_it_is_409(self, keys: Any) -> None:
        app, handled = self.serve(keys)
        async with open_client(app) as client:
            running = asyncio.ensure_future(self.pay(client, "k", "wait"))
            await self.inside.wait()
            assert (await self.pay(client, "k", "wait")).status == 409
            self.go_on.set()
            assert (await running).status == 201
            assert (await self.pay(client, "k", "wait")).headers["idempotency-replayed"] == "true"
        assert handled == ["wait"]

    async def test_a_key_is_one_clients(self, keys: Any) -> None:
        app, _ = self.serve(keys)
        async with open_client(app) as client:
            one = await self.pay(client, "k", authorization="Bearer a")
            other = await self.pay(client, "k", authorization="Bearer b")
        assert (one.text, other.text) == ("paid 1", "paid 2")

    async def test_a_key_is_one_sessions_and_one_hosts(self, keys: Any) -> None:
        app = App(env="production", secret_key="for tests only: 0123456789 abcdefghijklmnop")
        app.use(m.Session(secure=False), m.Idempotency(store=keys))
        handled: list[str] = []

        @app.post("/login/{name}")
        async def login(ctx: Context, name: str) -> Response:
            ctx.session["name"] = name
            return Response.text("in")

        @app.post("/pay")
        async def pay(ctx: Context) -> Response:
            handled.append(ctx.session["name"])
            return Response.text(f"the card of {ctx.session['name']}")

        async def sign_in(client: Any, name: str) -> str:
            answer = await client.post(f"/login/{name}")
            client.cookies.clear()
            return str(answer.headers["set-cookie"]).partition(";")[0]

        async with open_client(app) as client:
            ann, bob = [await sign_in(client, name) for name in ("ann", "bob")]
            asked = [(ann, "a.example"), (bob, "a.example"), (ann, "a.example"), (ann, "b.example")]
            answers = [await self.pay(client, "1", cookie=cookie, host=host) for cookie, host in asked]
        assert [one.text for one in answers] == [f"the card of {name}" for name in ("ann", "bob", "ann", "ann")]
        assert handled == ["ann", "bob", "ann"]

    async def test_after_a_failure_the_next_try_is_one(self, keys: Any) -> None:
        app, handled = self.serve(keys)
        async with open_client(app) as client:
            statuses = [(await self.pay(client, "k", "fail")).status for _ in range(2)]
        assert statuses == [500, 500]
        assert handled == ["fail", "fail"]

    async def test_what_was_begun_is_finished_when_the_client_is_gone(self, keys: Any) -> None:
        app, handled = self.serve(keys)
        async with open_client(app) as client:
            middleware = next(one for one in app.middleware if isinstance(one, m.Idempotency))
            request = Request(self.native("k", "wait"))

            async def handle(ctx: Any) -> Response:
                handled.append("begun")
                self.inside.set()
                await self.go_on.wait()
                handled.append("done")
                return Response.text("whole")

            task = asyncio.ensure_future(middleware.around(Context(request), handle))
            await self.inside.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self.go_on.set()
            await asyncio.gather(*middleware._running)
            again = await middleware.around(Context(Request(self.native("k", "wait"))), handle)
            assert client
        assert again.body == b"whole"
        assert handled == ["begun", "done"]

    async def test_keys_that_are_none(self, keys: Any) -> None:
        app, _ = self.serve(keys, required=True)
        async with open_client(app) as client:
            assert [(await self.pay(client, key)).status for key in ("", "x" * 256, "a b", None)] == [400] * 4
            assert (await self.pay(client, '"quoted"')).status == 201

    def native(self, key: str, body: str) -> Any:
        from spica._core import Request as NativeRequest

        return NativeRequest.build("POST", "/pay", [("idempotency-key", key)], body.encode())

    async def pay(self, client: Any, key: str | None, amount: str = "5", **headers: str) -> Any:
        sent = {"content-type": "text/plain", **headers}
        if key is not None:
            sent["idempotency-key"] = key
        return await client.post("/pay", content=amount.encode(), headers=sent)

    def serve(self, keys: Any, **options: Any) -> tuple[App, list[str]]:
        app = App(env="production")
        app.use(m.Idempotency(store=keys, **options))
        handled: list[str] = []
        self.inside, self.go_on = asyncio.Event(), asyncio.Event()

        @app.post("/upload")
        async def upload(ctx: Context) -> str:
            form = ctx.request.form()
            handled.append(form["title"])
            return f"{form['title']} {form['file'].size}"

        @app.post("/pay")
        async def pay(ctx: Context) -> Response:
            amount = ctx.request.text()
            handled.append(amount)
            if amount == "fail":
                raise ZeroDivisionError
            if amount == "wait":
                self.inside.set()
                await self.go_on.wait()
            ctx.response.set_header("x-receipt", f"r{len(handled)}")
            response = Response.text(f"paid {len(handled)}", status=201)
            response.set_cookie("seen", "1")
            return response

        return app, handled
