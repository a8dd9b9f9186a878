"""Injection through an application: what signatures promise, providers and their stand-ins, the current user."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
import pydantic
import pytest

from spica import (
    App,
    Context,
    Cookie,
    CurrentUser,
    Header,
    NotFound,
    Provide,
    Response,
)
from spica.app.errors import FrozenApplicationError
from spica.injection.errors import SignatureError
from spica.middleware.pipeline import Middleware

PROBLEM = "application/problem+json"


class UserIn(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=2, max_length=100)]
    email: Annotated[str, msgspec.Meta(pattern=r"^[^@]+@[^@]+$")]


class User(UserIn):
    id: int


class Database:
    def __init__(self, users: dict[int, User]) -> None:
        self.users = users
        self.log: list[str] = []


REAL = Database({1: User("Ann", "ann@example.com", 1)})


async def get_db() -> AsyncIterator[Database]:
    REAL.log.append("open")
    yield REAL
    REAL.log.append("close")


def build_example() -> App:
    """The one-file application of the public API."""
    app = App(env="production")

    @app.get("/")
    def hello() -> str:
        return "Hello, World!"

    @app.get("/users/{id:int}", summary="Get a user by id", tags=["Users"])
    async def show_user(id: int, ctx: Context) -> User:
        ctx.log.info("fetching user", user_id=id)
        user = REAL.users.get(id)
        if user is None:
            raise NotFound("user not found")
        return user

    @app.post("/users", status=201)
    async def create_user(body: UserIn, notify: bool = False) -> User:
        return User(body.name, body.email, 2 if notify else 3)

    @app.get("/search")
    async def search(
        q: str,
        limit: Annotated[int, msgspec.Meta(le=100)] = 20,
        accept_language: Annotated[str, Header()] = "en",
        theme: Annotated[str | None, Cookie()] = None,
        db: Annotated[Database, Provide(get_db)] = ...,  # type: ignore[assignment]
    ) -> list[Any]:
        return [q, limit, accept_language, theme, [user.name for user in db.users.values()]]

    return app


async def test_the_example_of_the_public_api(exchange) -> None:
    app = build_example()
    assert (await exchange(app, "GET", "/")).text == "Hello, World!"
    assert (await exchange(app, "GET", "/users/1")).json() == {"name": "Ann", "email": "ann@example.com", "id": 1}
    missing = await exchange(app, "GET", "/users/7")
    assert (missing.status, missing.json()["detail"]) == (404, "user not found")
    created = await exchange(app, "POST", "/users?notify=on", body={"name": "Bob", "email": "b@c"})
    assert (created.status, created.json()["id"]) == (201, 2)
    found = await exchange(app, "GET", "/search?q=a&limit=5", headers={"accept-language": "de", "cookie": "theme=dark"})
    assert found.json() == ["a", 5, "de", "dark", ["Ann"]]
    assert REAL.log == ["open", "close"]


async def test_every_field_error_is_listed_as_problem_details(exchange) -> None:
    answer = await exchange(build_example(), "POST", "/users?notify=maybe", body={"name": "A", "email": "x"})
    assert (answer.status, answer.field("content-type")) == (422, PROBLEM)
    assert [(one["source"], one["name"], one["code"]) for one in answer.json()["errors"]] == [
        ("body", "name", "too_short"),
        ("body", "email", "pattern"),
        ("query", "notify", "type"),
    ]
    refused = await exchange(build_example(), "GET", "/search?limit=101", headers={"accept": "application/json"})
    assert [(one["name"], one["code"]) for one in refused.json()["errors"]] == [
        ("q", "missing"),
        ("limit", "too_large"),
    ]
    wrong_type = await exchange(
        build_example(), "POST", "/users", content=b"<x/>", headers={"content-type": "text/xml"}
    )
    assert wrong_type.status == 415
    assert (wrong_type.field("accept") or "").startswith("application/json, ")


@pytest.mark.parametrize(
    ("pattern", "annotations", "what"),
    [
        ("/{id:int}", {"name": str}, "has no path parameter 'name'"),
        ("/", {"a": UserIn, "b": UserIn}, "two parameters read the body"),
        ("/", {"a": Database}, "nothing can fill 'a'"),
    ],
)
def test_wrong_signatures_fail_when_the_application_is_compiled(
    pattern: str, annotations: dict[str, Any], what: str
) -> None:
    app = App()

    def handler(a: Any = ..., b: Any = ...) -> None: ...
    def named(name: Any) -> None: ...

    function: Any = named if "name" in annotations else handler
    function.__annotations__ = {**{name: str for name in ("a", "b") if function is handler}, **annotations}
    app.post(pattern)(function)
    with pytest.raises(SignatureError, match=what) as caught:
        app.core
    assert "test_injection.py:" in caught.value.where
    assert caught.value.fix


async def test_providers_by_type_and_stand_ins(exchange) -> None:
    app = App(env="production")
    app.provide(Database, get_db)

    @app.get("/")
    async def names(db: Database) -> list[str]:
        return [user.name for user in db.users.values()]

    assert (await exchange(app, "GET", "/")).json() == ["Ann"]
    with app.override(get_db, lambda: Database({})):
        assert (await exchange(app, "GET", "/")).json() == []
    override = app.override(get_db, lambda: Database({2: User("Eve", "e@f", 2)}))
    assert (await exchange(app, "GET", "/")).json() == ["Eve"]
    override.undo()
    assert (await exchange(app, "GET", "/")).json() == ["Ann"]
    with pytest.raises(FrozenApplicationError):
        app.provide(User, get_db)


class SignIn(Middleware):
    def before(self, ctx: Context) -> Response | None:
        name = ctx.request.headers.get("x-user")
        ctx.current_user = User(name, "a@b", 1) if name else None
        return None


async def test_the_current_user(exchange) -> None:
    app = App(env="production")
    app.use(SignIn)

    @app.get("/me")
    def me(user: Annotated[User, CurrentUser()]) -> str:
        return user.name

    @app.get("/maybe")
    def maybe(user: Annotated[User | None, CurrentUser()]) -> str:
        return user.name if user else "nobody"

    def get_admin(user: Annotated[User, CurrentUser()]) -> User:
        return user

    @app.get("/admin")
    def admin(user: Annotated[User, Provide(get_admin)]) -> str:
        return user.name

    for path, answer in (("/me", 401), ("/maybe", 200), ("/admin", 401)):
        assert (await exchange(app, "GET", path)).status == answer
    assert (await exchange(app, "GET", "/maybe")).text == "nobody"
    for path in ("/me", "/maybe", "/admin"):
        assert (await exchange(app, "GET", path, headers={"x-user": "Ann"})).text == "Ann"


class Item(pydantic.BaseModel):
    name: str


async def test_a_pydantic_model_goes_in_and_out(exchange) -> None:
    app = App(env="production")

    @app.post("/items")
    def create(item: Item) -> list[Item]:
        return [item]

    assert (await exchange(app, "POST", "/items", body={"name": "x"})).json() == [{"name": "x"}]
