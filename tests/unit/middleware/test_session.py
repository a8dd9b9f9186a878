"""spica.middleware.sessions and flash: promise 39, as far as a cookie can keep it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spica import middleware as m
from spica.config.settings import AppSection, ServerSection, Settings
from spica.http.context import Context, ContextServices
from spica.http.response import Response
from spica.middleware import session_data, sessions
from spica.middleware.errors import InvalidMiddleware, UnstorableSession
from spica.middleware.flash import Flash
from spica.middleware.pipeline import compose
from spica.middleware.session_data import SessionData
from spica.security.errors import NoSecretKey
from tests.requests import cookie_value, make_context, make_request, set_cookies

OLD = "the old secret key 0123456789 abcdef"
NEW = "the new secret key 0123456789 abcdef"
NAME = "spica_session"

Handler = Callable[[Context], Any]


class Visitor:
    """A browser with a cookie, in front of one Session middleware."""

    def __init__(self, middleware: m.Session | None = None, *, secrets: list[str] | None = None) -> None:
        self.middleware = middleware or m.Session()
        self.middleware.bind(Settings(env="test", app=AppSection(secret_key=secrets or [NEW])))
        self.cookie = ""

    def visit(self, handler: Handler, *, scheme: str = "http", services: ContextServices | None = None) -> Response:
        name = self.middleware.name
        fields = {"cookie": f"{name}={self.cookie}"} if self.cookie else {}
        ctx = make_context(make_request(fields=fields, scheme=scheme), services=services or ContextServices())

        def endpoint(ctx: Context) -> Response:
            handler(ctx)
            return Response.text("ok")

        response: Response = compose([self.middleware], endpoint)(ctx)
        ctx.finish(response)
        if name in set_cookies(response):
            self.cookie = cookie_value(response, name)
        return response

    def read(self) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        self.visit(lambda ctx: seen.update(ctx.session))
        return seen


class Clock:
    """Time that moves when told to."""

    def __init__(self) -> None:
        self.now = time.time()

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (sessions, session_data):
        monkeypatch.setattr(module, "time", clock)
    return clock


def login(ctx: Context) -> None:
    ctx.session["user_id"] = 7


def test_what_is_stored_comes_back() -> None:
    visitor = Visitor()
    visitor.visit(login)
    assert visitor.read() == {"user_id": 7}
    assert "user_id" not in visitor.cookie


def test_an_untouched_session_costs_nothing() -> None:
    visitor = Visitor()
    visitor.visit(login)
    for cookie in ("", visitor.cookie):
        visitor.cookie = cookie
        assert visitor.visit(lambda ctx: None).fields == [("content-type", "text/plain; charset=utf-8")]


def test_reading_writes_no_cookie_and_keeps_the_page_out_of_shared_caches() -> None:
    visitor = Visitor()
    visitor.visit(login)
    response = visitor.visit(lambda ctx: ctx.session.get("user_id"))
    assert set_cookies(response) == {}
    assert response.header("vary") == "cookie"
    assert response.header("cache-control") == "private, max-age=0, must-revalidate"


def test_a_page_that_says_how_it_is_cached_is_left_alone() -> None:
    def handler(ctx: Context) -> None:
        ctx.session.get("user_id")
        ctx.expires_in(60)

    assert Visitor().visit(handler).header("cache-control") == "private, max-age=60"


def test_a_new_session_that_stays_empty_sets_no_cookie() -> None:
    assert set_cookies(Visitor().visit(lambda ctx: ctx.session.get("x"))) == {}


def test_a_change_deep_inside_is_saved() -> None:
    visitor = Visitor()
    visitor.visit(lambda ctx: ctx.session.update(cart={"items": [1]}))
    visitor.visit(lambda ctx: ctx.session["cart"]["items"].append(2))
    assert visitor.read() == {"cart": {"items": [1, 2]}}


@pytest.mark.parametrize(
    ("scheme", "behind_tls", "option", "secure"),
    [
        ("http", False, None, False),
        ("https", False, None, True),
        ("http", True, None, True),
        ("http", False, True, True),
        ("https", True, False, False),
    ],
)
def test_the_cookie_is_http_only_lax_and_secure_where_tls_is(
    scheme: str, behind_tls: bool, option: bool | None, secure: bool
) -> None:
    visitor = Visitor(m.Session(secure=option))
    response = visitor.visit(login, scheme=scheme, services=ContextServices(behind_tls=behind_tls))
    attributes = set_cookies(response)[visitor.middleware.name].partition("; ")[2]
    assert attributes == ("Path=/; Secure; " if secure else "Path=/; ") + "HttpOnly; SameSite=Lax"


def test_emptying_deletes_the_cookie() -> None:
    visitor = Visitor()
    visitor.visit(login)
    response = visitor.visit(lambda ctx: ctx.session.clear())
    assert "Max-Age=0" in set_cookies(response)[NAME]
    assert visitor.read() == {}


def test_promise_39_rotation_gives_a_new_id_and_csrf_secret_and_keeps_the_values() -> None:
    visitor, ids, secrets = Visitor(), [], []

    def note(ctx: Context) -> None:
        ids.append(ctx.session.id)
        secrets.append(ctx.session.csrf_secret)

    def begin(ctx: Context) -> None:
        login(ctx)
        ctx.session.csrf_secret = "s"

    visitor.visit(begin)
    visitor.visit(note)
    visitor.visit(lambda ctx: ctx.session.rotate())
    visitor.visit(note)
    assert len(ids[0]) == len(ids[1]) == 22  # 128 bits
    assert ids[0] != ids[1]
    assert secrets == ["s", None]
    assert visitor.read() == {"user_id": 7}


@pytest.mark.parametrize("cookie", ["x", "v1.", "v1.00000000.AAAA", "v1..", "%00", "a" * 4_000])
def test_a_cookie_that_is_not_ours_is_an_empty_session(cookie: str) -> None:
    visitor = Visitor()
    visitor.cookie = cookie
    assert visitor.read() == {}


def test_no_character_of_the_cookie_can_be_changed() -> None:
    visitor = Visitor()
    visitor.visit(login)
    good = visitor.cookie
    for position in range(len(good)):
        visitor.cookie = good[:position] + ("A" if good[position] != "A" else "B") + good[position + 1 :]
        assert visitor.read() == {}


def test_the_cookie_of_another_name_is_refused() -> None:
    visitor = Visitor(m.Session(name="other"))
    ctx = make_context()
    ctx.session_source = visitor.middleware
    ctx.session["user_id"] = 7
    response = Response()
    visitor.middleware.after(ctx, response)
    moved = Visitor()
    moved.cookie = cookie_value(response, "other")
    assert moved.read() == {}


def test_promise_39_keys_rotate_without_logout() -> None:
    before = Visitor(secrets=[OLD])
    before.visit(login)
    during, after = Visitor(secrets=[NEW, OLD]), Visitor(secrets=[NEW])
    during.cookie = after.cookie = before.cookie
    assert after.read() == {}
    assert during.read() == {"user_id": 7}
    during.visit(lambda ctx: ctx.session.update(seen=True))
    after.cookie = during.cookie
    assert after.read() == {"user_id": 7, "seen": True}


def test_promise_39_the_idle_limit(clock: Clock) -> None:
    visitor = Visitor(m.Session(idle_s=1_000, absolute_s=100_000))
    visitor.visit(login)
    clock.now += 999
    assert visitor.read() == {"user_id": 7}  # and being seen, it lives on
    clock.now += 999
    assert visitor.read() == {"user_id": 7}
    clock.now += 1_000
    assert visitor.read() == {}


def test_promise_39_the_absolute_limit(clock: Clock) -> None:
    visitor = Visitor(m.Session(idle_s=1_000, absolute_s=3_000))
    visitor.visit(login)
    for _ in range(4):
        clock.now += 700
        assert visitor.read() == {"user_id": 7}
    clock.now += 700
    assert visitor.read() == {}


def test_rotation_begins_the_absolute_limit_anew(clock: Clock) -> None:
    visitor = Visitor(m.Session(idle_s=3_000, absolute_s=3_000))
    visitor.visit(login)
    clock.now += 2_000
    visitor.visit(lambda ctx: ctx.session.rotate())
    clock.now += 2_000
    assert visitor.read() == {"user_id": 7}


def test_a_reader_gets_a_new_cookie_now_and_then_only(clock: Clock) -> None:
    visitor = Visitor(m.Session(idle_s=1_000))
    visitor.visit(login)
    clock.now += 49
    assert set_cookies(visitor.visit(lambda ctx: ctx.session.get("x"))) == {}
    clock.now += 1
    assert NAME in set_cookies(visitor.visit(lambda ctx: ctx.session.get("x")))


def test_what_has_no_json_form_is_named() -> None:
    with pytest.raises(UnstorableSession) as caught:
        Visitor().visit(lambda ctx: ctx.session.update(a=1, user=object()))
    assert "session['user'] is a object" in str(caught.value)
    assert 'session["user_id"] = user.id' in str(caught.value)


def test_more_than_a_cookie_carries_is_refused_and_the_keys_are_named() -> None:
    visitor = Visitor()
    visitor.visit(lambda ctx: ctx.session.update(a="x" * 2_900))
    assert len(visitor.cookie) < 4_096
    with pytest.raises(UnstorableSession, match="browsers keep 4096") as caught:
        visitor.visit(lambda ctx: ctx.session.update(big="x" * 2_900))
    assert "a, big" in str(caught.value)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abcdef", max_size=5), JSON_VALUES, max_size=4))
def test_any_json_values_come_back_unchanged_and_unwritten(values: dict[str, Any]) -> None:
    session = SessionData()
    session.update(values)
    octets = session.encode()
    assert octets is not None
    loaded = SessionData.decode(octets)
    assert loaded == values
    assert loaded is not None
    assert loaded.encode() is None


@pytest.mark.parametrize("octets", [b"", b"{}", b"[]", b"[1,2,3]", b'["id",1,1,null,{},[]]', b"\xff"])
def test_octets_that_are_no_session(octets: bytes) -> None:
    assert SessionData.decode(octets) is None


def test_a_session_needs_a_key_and_a_store_that_exists() -> None:
    with pytest.raises(NoSecretKey):
        m.Session().bind(Settings(env="test"))
    with pytest.raises(InvalidMiddleware, match="no session store 'redys'"):
        m.Session(store="redys")


def test_an_own_store_is_used() -> None:
    class Memory:
        """Keeps one session."""

        def __init__(self) -> None:
            self.octets: bytes | None = None

        def bind(self, settings: Settings) -> None: ...

        def load(self, cookie: str, name: str) -> SessionData | None:
            return SessionData.decode(self.octets) if self.octets and cookie == "id" else None

        def save(self, session: SessionData, name: str, *, expires_at: int) -> str | None:
            self.octets = session.encode() or self.octets
            return "id"

    visitor = Visitor(m.Session(store=Memory()))
    visitor.visit(login)
    assert visitor.cookie == "id"
    assert visitor.read() == {"user_id": 7}


# flash


def test_a_message_is_shown_once() -> None:
    visitor, shown = Visitor(), []
    visitor.visit(lambda ctx: ctx.redirect_to("/", notice="Saved"))
    for _ in range(3):
        visitor.visit(lambda ctx: shown.append(ctx.flash.get("notice")))
    assert shown == ["Saved", None, None]
    assert visitor.cookie == ""


def test_a_message_waits_for_a_page_that_shows_it() -> None:
    visitor, shown = Visitor(), []
    visitor.visit(lambda ctx: ctx.redirect_to("/", notice="Saved"))
    visitor.visit(lambda ctx: None)
    visitor.visit(lambda ctx: ctx.session.get("x"))
    visitor.visit(lambda ctx: ctx.redirect_to("/elsewhere"))
    visitor.visit(lambda ctx: shown.extend(ctx.flash.items()))
    assert shown == [("notice", "Saved")]


def test_now_is_for_this_request_alone() -> None:
    visitor, shown = Visitor(), []

    def handler(ctx: Context) -> None:
        ctx.flash.now["alert"] = "Wrong"
        shown.append(ctx.flash["alert"])

    visitor.visit(handler)
    visitor.visit(lambda ctx: shown.append(ctx.flash.get("alert")))
    assert shown == ["Wrong", None]


def test_keep_shows_a_message_again() -> None:
    visitor, shown = Visitor(), []

    def handler(ctx: Context) -> None:
        shown.append(ctx.flash.notice)
        ctx.flash.keep()

    visitor.visit(lambda ctx: ctx.redirect_to("/", notice="Saved"))
    visitor.visit(handler)
    visitor.visit(lambda ctx: shown.append(ctx.flash.notice))
    assert shown == ["Saved", "Saved"]


def test_logout_keeps_its_message() -> None:
    visitor, shown = Visitor(), []
    visitor.visit(login)

    def logout(ctx: Context) -> None:
        ctx.session.clear()
        ctx.redirect_to("/", notice="Bye")

    visitor.visit(logout)
    visitor.visit(lambda ctx: shown.append((dict(ctx.session), ctx.flash.notice)))
    assert shown == [({}, "Bye")]


def test_flash_as_a_mapping() -> None:
    flash = Flash({"notice": "a"})
    flash["alert"] = "b"
    flash.now["now"] = "c"
    assert set(flash) == {"notice", "alert", "now"}
    assert len(flash) == 3
    assert "now" in flash
    assert flash.left() == {"notice": "a", "alert": "b"}
    del flash["notice"]
    del flash["now"]
    assert flash.alert == "b"
    assert flash.left() == {}
    flash["alert"] = "again"
    assert flash.left() == {"alert": "again"}
    for kind in ("notice", "never"):
        with pytest.raises(KeyError):
            del flash[kind]
    with pytest.raises(KeyError):
        flash["never"]


def test_behind_tls_is_a_server_setting() -> None:
    assert Settings(env="test", server=ServerSection(behind_tls=True)).server.behind_tls


async def stream(chunks: Callable[[Context], Any], cookie: str = "") -> Response:
    """Send what a streaming handler yields to its end."""
    middleware = m.Session()
    middleware.bind(Settings(env="test", app=AppSection(secret_key=[NEW])))
    ctx = make_context(make_request(fields={"cookie": f"{NAME}={cookie}"} if cookie else {}))
    response: Response = compose([middleware], lambda ctx: Response.stream(chunks(ctx)))(ctx)
    assert response.stream.__qualname__.endswith("chunks")
    assert [chunk async for chunk in response.stream] == ["x"]
    return response


async def test_a_change_while_a_response_is_streamed_is_lost_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def chunks(ctx: Context) -> Any:
        ctx.session["late"] = "yes"
        yield "x"

    response = await stream(chunks)
    assert NAME not in set_cookies(response)
    assert "changed the session while its response was streamed" in caplog.text


async def test_a_streamed_response_may_read_the_session_and_is_never_shared(caplog: pytest.LogCaptureFixture) -> None:
    visitor = Visitor()
    visitor.visit(lambda ctx: ctx.session.update(user=7))

    def chunks(ctx: Context) -> Any:
        assert ctx.session["user"] == 7
        yield "x"

    response = await stream(chunks, visitor.cookie)
    assert response.header("vary") == "cookie"
    assert response.header("cache-control") == "private, max-age=0, must-revalidate"
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("options", "server", "name"),
    [
        ({}, ServerSection(), "spica_session"),
        ({}, ServerSection(behind_tls=True), "__Host-spica_session"),
        ({"secure": True}, ServerSection(), "__Host-spica_session"),
        ({"secure": False}, ServerSection(behind_tls=True), "spica_session"),
        ({"name": "spica_session"}, ServerSection(behind_tls=True), "spica_session"),
        ({"name": "shop"}, ServerSection(behind_tls=True), "shop"),
    ],
)
def test_where_it_is_always_secure_a_subdomain_can_not_plant_it(options: Any, server: ServerSection, name: str) -> None:
    middleware = m.Session(**options)
    settings = Settings(env="production", app=AppSection(secret_key=NEW), server=server)
    middleware.bind(settings)
    services = ContextServices(behind_tls=settings.server.is_secure)

    def visit(fields: dict[str, str], handler: Handler) -> Response:
        ctx = make_context(make_request(fields=fields), services=services)

        def endpoint(ctx: Context) -> Response:
            handler(ctx)
            return Response.text("ok")

        response: Response = compose([middleware], endpoint)(ctx)
        ctx.finish(response)
        return response

    first = visit({}, lambda ctx: ctx.session.update(user=7))
    field = next(value for key, value in first.fields if key == "set-cookie")
    assert field.startswith(f"{name}=")
    assert ("; Secure" in field) == (options.get("secure", server.behind_tls))
    assert "; Path=/" in field
    assert "Domain" not in field

    seen: dict[str, Any] = {}
    visit({"cookie": f"{name}={cookie_value(first, name)}"}, lambda ctx: seen.update(ctx.session))
    assert seen == {"user": 7}
    assert middleware.name == name

    planted: dict[str, Any] = {}
    other = "spica_session" if name.startswith("__Host-") else "__Host-spica_session"
    visit({"cookie": f"{other}={cookie_value(first, name)}"}, lambda ctx: planted.update(ctx.session))
    assert planted == {}
