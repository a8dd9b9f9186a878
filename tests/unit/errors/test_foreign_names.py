"""Names of other frameworks: what is said of them, and that what is said exists."""

from __future__ import annotations

import importlib
import re

import pytest
import starlette.exceptions

import spica
from spica import App, Context, HttpError, NotFound, Request, Response, Router, UploadFile, WebSocket
from spica import middleware as m
from spica.errors import foreign_names
from spica.errors.foreign_names import OF_APP, OF_THE_PACKAGE, add_hint, find_hint, find_member, notes_of
from spica.routing.errors import UnknownMemberError
from spica.testing import ClientResponse, running_client

CLASSES = {
    "request": Request,
    "response": Response,
    "ctx": Context,
    "socket": WebSocket,
    "file": UploadFile,
    "app": App,
}


# What is said exists


@pytest.mark.parametrize(("name", "hint"), OF_THE_PACKAGE.items())
def test_what_the_package_lacks_is_where_it_is_said_to_be(name: str, hint: str) -> None:
    assert name not in spica.__all__
    with pytest.raises(ImportError, match=re.escape(f"there is no {name!r} in spica; {hint}")):
        exec(f"from spica import {name}")
    if found := re.match(r"from ([\w.]+) import (\w+)", hint):
        assert hasattr(importlib.import_module(found[1]), found[2])


def test_asking_for_what_the_package_lacks_is_no_import() -> None:
    assert not hasattr(spica, "Model")
    assert getattr(spica, "redirect", None) is None
    with pytest.raises(AttributeError, match=r"there is no .Model. in spica; from spica\.orm import Model"):
        spica.Model  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "hint", sorted({*OF_APP.values(), *(hint for hints in foreign_names._OF.values() for hint in hints.values())})
)
def test_the_members_that_hints_name_are_there(hint: str) -> None:
    for owner, member in re.findall(r"\b(app|request|response|ctx|socket|file)\.(\w+)", hint):
        if (owner, member) not in {("response", "text"), ("response", "content")} and not member.startswith("expect_"):
            assert member in {*dir(CLASSES[owner]), "status", "body", "request", "filename"}, hint


# Declaring


def test_an_app_tells_the_names_of_others() -> None:
    for owner in (App(), Router()):
        with pytest.raises(UnknownMemberError) as caught:
            owner.include_router  # type: ignore[attr-defined]
        assert caught.value.fix == "write app.mount('/users', router)"
        assert "test_foreign_names.py:" in caught.value.where
    assert not hasattr(App(), "include_router")
    with pytest.raises(AttributeError, match="'App' object has no attribute 'nothing'"):
        App().nothing  # type: ignore[attr-defined]


def test_what_fails_inside_a_property_is_told_as_it_is() -> None:
    class Failing(App):
        @property
        def database_url(self) -> str:
            return self.settings.database.nothing  # type: ignore[no-any-return, attr-defined]

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        Failing().database_url
    assert "include_router" not in dir(App())


def test_no_name_of_others_is_one_of_ours() -> None:
    for name in OF_APP:
        assert name not in vars(App), name
        assert type(vars(Router)[name]).__name__ == "_ForeignName", name


def test_the_package_says_what_it_says_of_other_names() -> None:
    assert not hasattr(spica, "nothing")


# What fails while it runs


def failure(run: object) -> BaseException:
    try:
        exec(
            str(run),
            {"spica": spica, "Response": Response, "App": App, "m": m, "HttpError": HttpError, "Router": Router},
        )
    except Exception as error:
        return error
    raise AssertionError(f"{run} does not fail")


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("Response('', status_code=201)", "it is called status"),
        ("Response.json(1, status_code=201)", "it is called status"),
        ("Response('', headers={})", "Response(...).with_header(name, value)"),
        ("Response('').headers", "response.set_header(name, value), .with_header(name, value), .header(name)"),
        ("App(title='Shop')", "app.describe_api(title=...)"),
        ("App().on_startup()", "@app.on_startup, without parentheses"),
        ("Router(prefix='/users')", "app.mount('/users', router)"),
        ("m.Cors(allow_origins=['*'])", "it is called origins"),
        ("m.Basic('admin', 's3cret')", "m.Basic({'admin': 's3cret'}), or a function of name and password"),
        ("m.Jwt('a' * 32)", "m.Jwt(secret, algorithms=['HS256'])"),
        ("HttpError(418, 'teapot')", "raise NotFound('no such post') or its kin; HttpError('why', status=418)"),
    ],
)
def test_calls_as_elsewhere(code: str, hint: str) -> None:
    assert find_hint(failure(code)) == hint


async def test_a_coroutine_is_known_by_what_fails_with_it() -> None:
    async def find() -> dict[str, int]:
        return {"id": 1}

    waiting = find()
    for use in (lambda: waiting["id"], lambda: waiting.id, lambda: len(waiting)):  # type: ignore[index, attr-defined, arg-type]
        with pytest.raises((TypeError, AttributeError)) as caught:
            use()
        assert find_hint(caught.value).startswith("an await is missing")
    value = await waiting
    with pytest.raises(TypeError) as plain:
        await value  # type: ignore[misc]
    assert find_hint(plain.value) == "leave out await: it is the value already"


def test_exceptions_of_others() -> None:
    assert "raise NotFound" in find_hint(starlette.exceptions.HTTPException(404))
    assert find_hint(ValueError("x")) == find_hint(NotFound("x")) == ""


def test_a_hint_is_noted_once() -> None:
    error = failure("Response('').headers")
    add_hint(error)
    add_hint(error)
    assert len(notes_of(error)) == 1
    own = AttributeError("theirs")
    add_hint(own)
    assert notes_of(own) == []


def test_only_our_classes_are_meant() -> None:
    class Request:
        pass

    assert find_member(Request(), "GET") == ""


async def test_the_answer_and_the_page_of_development_say_it() -> None:
    app = App(env="development")

    @app.get("/")
    def index(request: spica.Request) -> str:
        return str(request.GET["q"])  # type: ignore[attr-defined]

    async with running_client(app) as client:
        problem = await client.get("/").accept("json")
        assert "or request.query" in problem.json()["detail"]
        (await client.get("/").accept("html")).expect_text("or request.query")
    production = App(env="production")
    production.get("/")(index)
    async with running_client(production) as client:
        assert "request.query" not in (await client.get("/").accept("json")).text


def test_a_response_of_the_test_client() -> None:
    response = ClientResponse(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "GET", "/")
    with pytest.raises(AttributeError, match=r"response\.status, or response\.expect_status\(200\)"):
        response.status_code  # type: ignore[attr-defined]
    assert not hasattr(response, "nothing")
