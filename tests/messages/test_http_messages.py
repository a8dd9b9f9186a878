"""The stored text of every error of http, middleware and config: what a user reads is behaviour."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import spica.config.errors
import spica.http.errors
import spica.middleware.errors
from spica import middleware as m
from spica.config.environment import environment_name
from spica.config.loader import load
from spica.config.settings import AppSection, Settings
from spica.errors.base import SpicaError
from spica.http.asgi_exchange import Exchange
from spica.http.cookies import CookieOptions, Cookies, build_set_cookie
from spica.http.events import Event
from spica.http.params import Params
from spica.http.redirects import check_redirect
from spica.http.response import Response
from spica.middleware.pipeline import compose
from tests.requests import make_context


class Wrapping(m.Middleware):
    def around(self, ctx: Any, next: Callable[[Any], Any]) -> Any:
        return next(ctx)


async def waiting(ctx: Any) -> Response:
    return Response()


def load_project(root: Path) -> None:
    (root / "config").mkdir()
    (root / "config" / "app.toml").write_text(
        '[app]\nnmae = "Blog"\n\n[app.production]\nsecret_key = "${SPICA_SECRET_KEY}"\n'
    )
    load(root, "production", environ={})


def store_an_object(root: Path) -> None:
    middleware = m.Session()
    middleware.bind(Settings(env="test", app=AppSection(secret_key="a secret of enough characters 0123456789")))
    ctx = make_context()
    ctx.session_source = middleware
    ctx.session["user"] = object
    middleware.after(ctx, Response())


def declare_pipelines(root: Path) -> None:
    p = m.Pipelines()
    with p.pipeline("browser"):
        p.use(Wrapping)
    p.chain("browsr")


def keep_sessions_without_a_library(root: Path) -> None:
    with mock.patch("importlib.util.find_spec", return_value=None):
        m.Session(store="redis://127.0.0.1:6379/0")


# name of the class: what a user did
async def ask_a_silent_app() -> None:
    async def silent(scope: object, receive: object, send: object) -> None:
        return

    request = make_context().request
    await Exchange(request, request.stream(), "the ASGI app shop.Shop", set()).ask(silent, {})


ACTIONS: dict[str, Callable[[Path], object]] = {
    "UnsafeRedirect": lambda _: check_redirect("//evil.example/login", "shop.example"),
    "InvalidCookie": lambda _: build_set_cookie("user id", "7", CookieOptions()),
    "CookieTooLarge": lambda _: build_set_cookie("cart", "x" * 5_000, CookieOptions()),
    "InvalidField": lambda _: Response().set_header("x-name", "Ann\r\nset-cookie: a=1"),
    "UnencodableValue": lambda _: Response.json({"user": object}),
    "UnpermittedParams": lambda _: dict(**Params({"admin": "1"})),  # type: ignore[arg-type]
    "SessionMissing": lambda _: make_context().flash,
    "SecretMissing": lambda _: Cookies({}).signed,
    "InvalidEvent": lambda _: Event("x", event="a\ndata: b"),
    "AssignMissing": lambda _: make_context().get("tenant", str),
    "MountedAppError": lambda _: asyncio.run(ask_a_silent_app()),
    "InvalidMiddleware": lambda _: m.Pipelines().use(str),  # type: ignore[arg-type]
    "PlainAroundAsync": lambda _: compose([Wrapping()], waiting),
    "UnknownPipeline": declare_pipelines,
    "UnstorableSession": store_an_object,
    "MissingLibrary": keep_sessions_without_a_library,
    "IrrevocableSession": lambda _: asyncio.run(m.Session().revoke_all(7)),
    "ConfigurationError": load_project,
    "UnknownEnvironment": lambda _: environment_name("producton"),
}

# name of the class: the message without the address of its docs
MESSAGES = {
    "UnsafeRedirect": """\
SPICA-H001  the redirect target '//evil.example/login' is not on shop.example
  why    a target that a visitor can choose would send others to the attacker's page (open redirect)
  fix    redirect to a path, or pass allow_other_host=True when the target is yours""",
    "InvalidCookie": """\
SPICA-H002  'user id' is not a cookie name
  why    names are tokens: letters, digits and -_.!#$%&'*+^`|~ (RFC 6265 section 4.1.1)
  fix    take a fixed name and put what varies into the value""",
    "CookieTooLarge": """\
SPICA-H003  the cookie 'cart' is 5005 bytes, browsers keep 4096
  why    a larger cookie is dropped without a word, and what it held is lost
  fix    keep the data in the database and its id in the cookie""",
    "InvalidField": """\
SPICA-H004  the value of the field 'x-name' can't be sent: 'Ann\\r\\nset-cookie: a=1'
  why    a line break would start another field, and only latin-1 travels in fields (RFC 9110 section 5.5)
  fix    percent-encode it: spica.http.url.quote(value)""",
    "UnencodableValue": """\
SPICA-H005  a dict can't become JSON: no JSON form for type
  where  the value's ['user'], a type
  why    JSON has objects, arrays, text, numbers, true, false and null
  fix    return a dict, a list or a msgspec Struct, or give the class a method __json__ that does""",
    "UnpermittedParams": """\
SPICA-H006  raw params can't be unpacked: a visitor may add any key to them
  why    `**params` would hand a model keys that the form never had, such as `admin` (mass assignment)
  fix    name what may pass: params.require("post").permit("title", "body")""",
    "SessionMissing": """\
SPICA-H007  this route has no session
  why    sessions and flash come from the Session middleware, which is not in the route's pipeline
  fix    add it to the pipeline, in config/middleware.py p.use(m.Session), in one file app.use(m.Session)""",
    "SecretMissing": """\
SPICA-H008  cookies.signed needs a secret key and this app has none
  fix    set [app] secret_key in config/app.toml, or App(secret_key=...) in a one-file app""",
    "InvalidEvent": """\
SPICA-H020  the name of an event holds a line break or NUL: 'a\\ndata: b'
  why    what follows the break would be read as a field of its own
  fix    keep the name on one line; data may have as many as it likes""",
    "AssignMissing": """\
SPICA-H021  ctx.get('tenant', str) finds nothing
  why    what comes before it in the pipeline has to set it
  fix    ctx.set('tenant', …) in middleware or a filter that runs before""",
    "MountedAppError": """\
SPICA-H022  the ASGI app shop.Shop does not keep to ASGI: it ended without an answer
  where  GET /
  why    an answer is http.response.start once, then http.response.body until more_body is false
  fix    look at what the application, or its outermost middleware, sends""",
    "InvalidMiddleware": """\
SPICA-H101  <class 'str'> is not middleware
  why    a pipeline is made of subclasses of Middleware, or instances of them
  fix    class RequireAuth(Middleware): with a method before, after or around""",
    "PlainAroundAsync": """\
SPICA-H102  Wrapping.around is a plain def, and what it encloses is async
  why    next(ctx) gives a coroutine there, and a plain function can't wait for it
  fix    async def around(self, ctx, next): response = await next(ctx)""",
    "UnknownPipeline": """\
SPICA-H103  there is no pipeline 'browsr'
  why    config/middleware.py declares: browser
  fix    did you mean 'browser'?""",
    "UnstorableSession": """\
SPICA-H104  the session can't be stored: Encoding objects of type type is unsupported
  where  session['user'] is a type
  why    a session holds what JSON can carry: text, numbers, true, false, None, lists and dicts
  fix    store an id and load the object where it is needed: session["user_id"] = user.id""",
    "MissingLibrary": """\
SPICA-H105  sessions or limits are to be kept in a Redis, and the package redis is not installed
  fix    pip install "spica[redis]\"""",
    "IrrevocableSession": """\
SPICA-H106  sessions in CookieStore can't be listed or ended
  why    the whole session is in the visitor's cookie, and a copy of it is good until it expires
  fix    m.Session(store="database"), "memory" or "redis://...\"""",
    "ConfigurationError": """\
SPICA-C001  2 mistakes in the configuration
  where  config/app.toml:2  [app] has no key 'nmae'
           fix: did you mean name?
         config/app.toml:5  [app] secret_key needs the environment variable SPICA_SECRET_KEY, which is not set
           fix: export SPICA_SECRET_KEY=..., or give it a default: "${SPICA_SECRET_KEY:-...}\"""",
    "UnknownEnvironment": """\
SPICA-C002  'producton' is not an environment
  why    there are development, test and production
  fix    did you mean production?""",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_message(name: str, tmp_path: Path) -> None:
    with pytest.raises(SpicaError) as caught:
        ACTIONS[name](tmp_path)
    assert type(caught.value).__name__ == name
    message, _, docs = str(caught.value).rpartition("\n  docs   ")
    assert message == MESSAGES[name]
    assert docs == f"docs/reference/errors.md#{caught.value.code.lower()}"


def test_every_error_has_a_stored_message() -> None:
    modules = (spica.http.errors, spica.middleware.errors, spica.config.errors)
    classes = {
        name
        for module in modules
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, SpicaError) and kind.__module__ == module.__name__
    }
    assert classes == set(MESSAGES)
