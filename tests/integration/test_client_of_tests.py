"""The test client against an application: requests, cookies, sessions, redirects, failures; in memory and live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from spica import App, Channel, Context, Event, NotFound, Request, Response, Socket, Unauthorized, on
from spica.middleware.csrf import Csrf
from spica.middleware.sessions import Session
from spica.testing import (
    BrokenResponse,
    ChannelEnded,
    Client,
    File,
    JoinRefused,
    PushRefused,
    SocketRefused,
    StreamEnded,
    running_client,
)
from tests.serving import open_client


class Room(Channel, topic="room:{room_id:int}"):
    async def join(self, room_id: int, nickname: str = "anonymous") -> dict[str, Any]:
        if room_id == 0:
            raise Unauthorized("members only")
        return {"nickname": nickname, "user": self.socket.user}

    @on("new_msg")
    async def new_msg(self, body: str) -> dict[str, int]:
        await self.broadcast("new_msg", {"body": body, "user": self.socket.user})
        return {"length": len(body)}

    @on("image")
    async def image(self, octets: bytes) -> bytes:
        await self.broadcast_from("image", octets)
        return octets[:1]

    @on("fail")
    async def fail(self) -> None:
        raise ZeroDivisionError("of the handler")

    @on("end")
    async def end(self) -> None:
        await self.close("done")


class UserSocket(Socket):
    channels = [Room]

    async def connect(self, ctx: Context, user: int = 0) -> None:
        self.user = user or ctx.session.get("user_id")
        if self.user is None:
            raise Unauthorized


def build_app() -> App:
    app = App(env="test", secret_key="0123456789abcdefghijklmnopqrstuv")
    app.use(Session, Csrf)

    app.socket("/socket", UserSocket)

    @app.get("/echo")
    def echo(ctx: Context) -> dict[str, Any]:
        headers = dict(ctx.request.headers.items())
        return {"query": ctx.request.query_string, "headers": headers, "cookies": ctx.request.cookies}

    @app.post("/echo")
    def echo_content(request: Request) -> dict[str, Any]:
        return {"type": request.content_type, "length": len(request.content)}

    @app.get("/me")
    def me(ctx: Context) -> dict[str, Any]:
        return {"user": ctx.session.get("user_id"), "role": ctx.session.get("role")}

    @app.post("/login")
    def login(ctx: Context) -> Response:
        ctx.session["user_id"] = 7
        ctx.flash["notice"] = "Welcome back"
        return Response.redirect("/hop")

    @app.get("/hop")
    def hop() -> Response:
        return Response.redirect("/me?from=hop")

    @app.post("/again")
    def again() -> Response:
        return Response(b"", 307, [("location", "/echo")])

    @app.get("/loop")
    def loop() -> Response:
        return Response.redirect("/loop")

    @app.get("/away")
    def away() -> Response:
        return Response(b"", 302, [("location", "https://elsewhere.example/")])

    @app.get("/cookie")
    def cookie() -> Response:
        response = Response("set")
        response.fields.append(("set-cookie", "theme=dark; Path=/; HttpOnly; SameSite=Lax; Max-Age=60"))
        response.fields.append(("set-cookie", "old=; Max-Age=0"))
        return response

    @app.get("/boom")
    def boom() -> str:
        raise LookupError("no such row")

    @app.get("/missing")
    def missing() -> str:
        raise NotFound("no such page")

    @app.get("/broken")
    async def broken() -> AsyncIterator[str]:
        yield "a"
        raise LookupError("half-way")

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(60)
        return "late"

    @app.sse("/ticks", keep_alive_s=0)
    async def ticks(ctx: Context) -> AsyncIterator[Event]:
        for number in range(int(ctx.last_event_id or 0) + 1, 4):
            yield Event({"n": number}, event="tick", id=number, retry=250)

    @app.sse("/bad-ticks", keep_alive_s=0)
    async def bad_ticks() -> AsyncIterator[str]:
        yield "one\ntwo"
        raise LookupError("lost")

    return app


@pytest.fixture(params=[False, True], ids=["memory", "live"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    app = build_app()
    await app.startup()
    async with running_client(app, live=request.param) as client:
        yield client
    await app.shutdown()


async def test_a_request_is_built_by_its_methods(client: Client) -> None:
    client.headers["x-always"] = "yes"
    request = client.get("/echo").query(page=2, tags=["a"]).header("X-Own", "1").cookie("a", "b").bearer("t0ken")
    sent = (await request.accept("json")).expect_ok().json()
    assert sent["query"] == "page=2&tags%5B%5D=a"
    assert sent["cookies"] == {"a": "b"}
    assert "a" not in client.cookies
    headers = {name.lower(): value for name, value in sent["headers"].items()}
    assert headers["x-own"] == "1"
    assert headers["x-always"] == "yes"
    assert headers["authorization"] == "Bearer t0ken"
    assert headers["accept"] == "application/json"
    basic = (await client.get("/echo").basic("ann", "pw")).json()["headers"]
    assert "Basic YW5uOnB3" in basic.values()


@pytest.mark.parametrize(
    ("method", "value", "kind"),
    [
        ("json", {"a": None}, "application/json"),
        ("form", {"post": {"title": "Hi"}}, "application/x-www-form-urlencoded"),
        ("multipart", {"file": [File("a.txt", b"a"), File("b.txt", b"b")]}, "multipart/form-data"),
        ("content", b"\x00\x01", "application/octet-stream"),
    ],
)
async def test_content_by_method(client: Client, method: str, value: Any, kind: str) -> None:
    found = (await getattr(client.post("/echo"), method)(value)).expect_ok().json()
    assert found["type"] == kind
    assert found["length"] > 0


async def test_an_unknown_option_is_a_mistake(client: Client) -> None:
    with pytest.raises(TypeError, match="no option jsn"):
        client.post("/echo", jsn={})  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"no option data: write form="):
        client.post("/echo", data={})  # type: ignore[call-arg]


async def test_what_the_response_has_the_request_says_to_await(client: Client) -> None:
    for name in ("expect_status", "expect_json", "status", "status_code"):
        with pytest.raises(AttributeError, match=rf"not sent yet, write \(await client\.get\(\.\.\.\)\)\.{name}"):
            getattr(client.get("/echo"), name)
    assert not hasattr(client.get("/echo"), "nothing")


async def test_csrf_is_carried_unless_left_out(client: Client) -> None:
    (await client.post("/echo")).expect_ok()
    (await client.post("/echo").without_csrf()).expect_status(403)
    (await client.post("/echo", csrf=False)).expect_status(403)


async def test_redirects_are_followed_on_this_host(client: Client) -> None:
    response = await client.post("/login", form={"a": "b"})
    response.expect_redirect("/hop").expect_flash("notice", "Welcome back")
    hop = await response.follow()
    assert hop.url == "/hop"
    page = await client.post("/login").follow()
    assert page.url == "/me?from=hop"
    page.expect_json_path("$.user", 7)
    kept = await client.post("/again", json={"a": 1}).follow()
    assert (kept.method, kept.json()["length"]) == ("POST", 7)
    with pytest.raises(AssertionError, match="a page after 3 redirects"):
        await client.get("/loop").follow(most=3)
    with pytest.raises(AssertionError, match="on this host"):
        await client.get("/away").follow()
    with pytest.raises(AssertionError, match="expected a redirect"):
        await (await client.get("/me")).follow()


class User:
    id = 42


async def test_signing_in_goes_through_the_session(client: Client) -> None:
    client.sign_in(User(), role="admin")
    (await client.get("/me")).expect_json({"user": 42, "role": "admin"})
    assert (await client.session())["role"] == "admin"
    (await client.new().get("/me")).expect_json_path("$.user", None)
    client.sign_out()
    (await client.get("/me")).expect_json_path("$.user", None)
    (await client.post("/echo")).expect_ok()


async def test_signing_in_with_a_store_on_the_server() -> None:
    sessions = Session(store="memory")
    app = App(env="test", secret_key="0123456789abcdefghijklmnopqrstuv")
    app.use(sessions, Csrf)

    @app.post("/save")
    def save(ctx: Context) -> dict[str, Any]:
        ctx.flash["notice"] = "Saved"
        return {"user": ctx.session.get("user_id")}

    await app.startup()
    async with running_client(app) as client:
        client.sign_in(User())
        response = await client.post("/save")
        response.expect_json({"user": 42}).expect_flash("notice", "Saved")
        assert len(await sessions.sessions_of(42)) == 1
        with pytest.raises(AssertionError, match="the flash 'alert', among"):
            response.expect_flash("alert")
        client.sign_out()
        (await client.post("/save")).expect_json({"user": None})
    await app.shutdown()


async def test_signing_in_needs_sessions() -> None:
    async with running_client(App(env="test")) as client:
        with pytest.raises(LookupError, match=r"client\.sign_in needs the Session middleware"):
            client.sign_in(User())
        (response := await client.get("/")).expect_status(404)
        with pytest.raises(AssertionError, match="no Session middleware"):
            response.expect_flash("notice")


async def test_cookies_are_expected_with_their_attributes(client: Client) -> None:
    response = await client.get("/cookie")
    response.expect_cookie("theme", "dark", http_only=True, same_site="lax", secure=False, max_age=60)
    response.expect_cookie("old", deleted=True).expect_no_cookie("other")
    assert client.cookies["theme"] == "dark"
    for fail in (
        lambda: response.expect_cookie("theme", "light"),
        lambda: response.expect_cookie("theme", secure=True),
        lambda: response.expect_cookie("old"),
        lambda: response.expect_cookie("none"),
        lambda: response.expect_no_cookie("theme"),
    ):
        with pytest.raises(AssertionError):
            fail()


async def test_a_failure_shows_the_exchange_and_has_the_applications_exception_as_its_cause(client: Client) -> None:
    response = await client.get("/boom").bearer("s3cret").accept("json")
    assert isinstance(response.failure, LookupError)
    with pytest.raises(AssertionError) as failed:
        response.expect_ok()
    assert isinstance(failed.value.__cause__, LookupError)
    assert failed.value.__cause__.__traceback__ is not None
    text = str(failed.value)
    assert "> GET /boom" in text
    assert "> accept: application/json" in text
    assert "< 500" in text
    assert "s3cret" not in text
    assert (await client.get("/missing")).failure is None


async def test_a_broken_stream_and_no_answer_say_what_happened(client: Client) -> None:
    with pytest.raises(BrokenResponse, match="LookupError: half-way"):
        await client.get("/broken")
    with pytest.raises(TimeoutError, match=r"no response in 0\.05 s to GET /slow"):
        await client.get("/slow", timeout_s=0.05)


async def test_several_visitors_at_once(client: Client) -> None:
    visitors = [client.new() for _ in range(8)]
    for number, visitor in enumerate(visitors):
        visitor.sign_in(user_id=number)
    found = await asyncio.gather(*(visitor.get("/me") for visitor in visitors))
    assert [one.json()["user"] for one in found] == list(range(8))


async def test_events_are_read_one_by_one_and_resumed(client: Client) -> None:
    async with client.sse("/ticks", last_event_id=1) as events:
        first = await events.next()
        assert (first.event, first.id, first.json()) == ("tick", "2", {"n": 2})
        assert events.retry_ms == 250
        await events.reconnect()
        assert [event.id async for event in events] == ["3"]
        with pytest.raises(StreamEnded, match="the stream has ended"):
            await events.next()


async def test_a_stream_of_events_that_fails_says_why(client: Client) -> None:
    async with client.sse("/bad-ticks") as events:
        event = await events.next()
        assert (event.event, event.data) == ("message", "one\ntwo")
        with pytest.raises(StreamEnded, match="broke off") as ended:
            await events.next()
        assert isinstance(ended.value.__cause__, LookupError)
    with pytest.raises(AssertionError, match="a stream of events, not application/json"):
        async with client.sse("/me"):
            pass


async def test_two_visitors_of_a_channel(client: Client) -> None:
    client.sign_in(user_id=1)
    async with client.socket("/socket") as first, client.new().socket("/socket", user=2) as second:
        ann, bob = await first.join("room:7", nickname="ann"), await second.join("room:7")
        assert (ann.reply, bob.reply) == ({"nickname": "ann", "user": 1}, {"nickname": "anonymous", "user": 2})
        assert await ann.push("new_msg", body="hello") == {"length": 5}
        for room in (ann, bob):
            await room.expect_broadcast("new_msg", body="hello", user=1)
        assert await bob.push("image", payload=b"\x00\xff" * 40_000) == b"\x00"
        await ann.expect_broadcast("image", payload=b"\x00\xff" * 40_000)
        await bob.refute_broadcast("image")
        await bob.leave()
        await ann.push("new_msg", body="alone")
        assert bob.waiting == []
        await ann.push("end")
        await ann.expect_close()


async def test_what_a_channel_refuses(client: Client) -> None:
    with pytest.raises(SocketRefused) as away:
        async with client.socket("/socket"):
            pass
    away.value.response.expect_status(401)
    async with client.socket("/socket", user=3) as socket:
        with pytest.raises(JoinRefused) as refused:
            await socket.join("room:0")
        assert refused.value.reason == "members only"
        room = await socket.join("room:7")
        with pytest.raises(PushRefused) as wrong:
            await room.push("new_msg", body=5)
        assert [error["name"] for error in wrong.value.response["errors"]] == ["body"]


async def test_what_a_channel_refuses_is_told_with_what_there_is(client: Client) -> None:
    async with client.socket("/socket", user=3) as socket, client.socket("/socket", user=4) as other:
        with pytest.raises(JoinRefused) as refused:
            await socket.join("romm:7")
        assert refused.value.hint == "the channels of UserSocket take room:{room_id:int}"
        assert str(refused.value).splitlines() == [
            'romm:7 can\'t be joined: {"reason":"unmatched topic"}',
            "  hint: the channels of UserSocket take room:{room_id:int}",
        ]
        room = await socket.join("room:7")
        with pytest.raises(PushRefused) as unknown:
            await room.push("new_mgs", body="hi")
        assert unknown.value.hint == "did you mean new_msg?"
        with pytest.raises(PushRefused) as wrong:
            await room.push("new_msg", boddy="hunter2")
        assert (wrong.value.errors, wrong.value.reason) == (
            [{"name": "body", "message": "is missing", "code": "missing"}],
            "some values were refused",
        )
        assert str(wrong.value).splitlines() == [
            'new_msg of room:7 was answered with an error: {"reason":"some values were refused"}',
            "  body is missing",
            "  hint: did you mean body instead of boddy?",
        ]
        with pytest.raises(JoinRefused) as closed:
            await other.join("room:0")
        assert (closed.value.hint, closed.value.errors) == ("", [])
        assert str(closed.value) == 'room:0 can\'t be joined: {"reason":"members only"}'


async def test_development_is_told_beside_the_test(capsys: pytest.CaptureFixture[str]) -> None:
    app = App(env="development", pubsub="memory")

    class Lobby(Channel, topic="lobby"): ...

    @app.socket("/socket")
    class UserSocket(Socket):
        channels = [Lobby]

    async with open_client(app) as client, client.socket("/socket") as first, client.socket("/socket") as second:
        for socket in (first, second):
            with pytest.raises(JoinRefused, match=r"hint: did you mean lobby\?"):
                await socket.join("loby")
    assert capsys.readouterr().err.count("join refused") == 2


async def test_a_channel_that_crashes(client: Client) -> None:
    async with client.socket("/socket", user=3) as socket:
        room, other = await socket.join("room:7"), await socket.join("room:8")
        with pytest.raises(ChannelEnded, match="crashed") as crashed:
            await room.push("fail")
        assert isinstance(crashed.value.__cause__, ZeroDivisionError)
        assert await other.push("new_msg", body="hello") == {"length": 5}
        again = await socket.join("room:7")
        assert await again.push("new_msg", body="hello") == {"length": 5}
        assert room.waiting == []
