"""One-file applications, by the examples of the public API."""

import asyncio
from typing import Annotated

import msgspec
import pytest

from spica import App, Context, Cookie, Header, NotFound, Provide, Response, Router, SpicaError, paths, urls
from spica.app.errors import BootError, FrozenApplicationError, ProjectFileError
from spica.injection.errors import SignatureError
from spica.middleware import Middleware
from spica.routing.errors import DuplicateRouteError, InvalidPatternError, MissingBaseUrlError


class UserIn(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=2, max_length=100)]
    email: Annotated[str, msgspec.Meta(pattern=r"^[^@]+@[^@]+$")]


class User(UserIn):
    id: int


def build_app(log: list[str]) -> App:
    app = App(env="production")

    def get_database():
        log.append("open")
        yield "database"
        log.append("close")

    @app.get("/")
    def hello() -> str:
        return "Hello, World!"

    @app.get("/users/{id:int}", summary="Get a user by id", tags=["Users"])
    async def show_user(id: int, ctx: Context) -> User:
        if id == 404:
            raise NotFound("user not found")
        ctx.response.set_header("x-user", str(id))
        return User(name="Ann", email="a@b", id=id)

    @app.post("/users", status=201)
    async def create_user(body: UserIn, notify: bool = False) -> User:
        return User(name=body.name, email=body.email, id=2 if notify else 1)

    @app.get("/search")
    async def search(
        q: str,
        limit: Annotated[int, msgspec.Meta(le=100)] = 20,
        accept_language: Annotated[str, Header()] = "en",
        theme: Annotated[str | None, Cookie()] = None,
        db: Annotated[str, Provide(get_database)] = ...,
    ) -> list[object]:
        await asyncio.sleep(0)
        return [q, limit, accept_language, theme, db]

    return app


@pytest.mark.parametrize(
    ("result", "status", "content_type", "body"),
    [
        ("text", 200, "text/plain; charset=utf-8", b"text"),
        (b"\x00", 200, "application/octet-stream", b"\x00"),
        ({"a": 1}, 200, "application/json", b'{"a":1}'),
        ([1, "x"], 200, "application/json", b'[1,"x"]'),
        (User(name="Ann", email="a@b", id=1), 200, "application/json", b'{"name":"Ann","email":"a@b","id":1}'),
        (None, 204, None, b""),
        (Response.not_found("gone"), 404, "text/plain; charset=utf-8", b"gone"),
        (Response.ok({"x": 1}).with_header("Cache-Control", "max-age=3600"), 200, "application/json", b'{"x":1}'),
    ],
)
@pytest.mark.parametrize("takes_context", [False, True])
async def test_what_a_return_value_becomes(exchange, result, status, content_type, body, takes_context) -> None:
    app = App()

    def bare():
        return result

    def with_context(ctx: Context):
        return result

    app.get("/")(with_context if takes_context else bare)
    answer = await exchange(app, "GET", "/")
    assert (answer.status, answer.field("content-type"), answer.body) == (status, content_type, body)


async def test_the_examples_of_the_api(exchange) -> None:
    log: list[str] = []
    app = build_app(log)
    assert (await exchange(app, "GET", "/")).text == "Hello, World!"
    user = await exchange(app, "GET", "/users/7")
    assert (user.status, user.json()["id"], user.field("x-user")) == (200, 7, "7")
    missing = await exchange(app, "GET", "/users/404")
    assert (missing.status, missing.json()["detail"]) == (404, "user not found")
    created = await exchange(app, "POST", "/users?notify=1", body={"name": "Bob", "email": "b@c"})
    assert (created.status, created.json()["id"]) == (201, 2)
    by_form = await exchange(app, "POST", "/users", form={"name": "Bob", "email": "b@c"})
    assert (by_form.status, by_form.json()["name"]) == (201, "Bob")
    found = await exchange(app, "GET", "/search?q=x&limit=7", headers={"cookie": "theme=dark", "accept-language": "de"})
    assert found.json() == ["x", 7, "de", "dark", "database"]
    assert log == ["open", "close"]


async def test_every_rejected_value_is_listed(exchange) -> None:
    log: list[str] = []
    app = build_app(log)
    answer = await exchange(app, "POST", "/users?notify=maybe", body={"name": "B", "email": 7})
    assert (answer.status, answer.field("content-type")) == (422, "application/problem+json")
    assert answer.json()["errors"] == [
        {
            "source": "body",
            "name": "name",
            "message": "expected str of length >= 2",
            "code": "too_short",
            "pointer": "#/name",
        },
        {
            "source": "body",
            "name": "email",
            "message": "expected str, got int",
            "code": "type",
            "pointer": "#/email",
        },
        {"source": "query", "name": "notify", "message": "expected bool, got str", "code": "type"},
    ]
    search = await exchange(app, "GET", "/search?limit=700")
    assert [(error["name"], error["message"]) for error in search.json()["errors"]] == [
        ("q", "is missing"),
        ("limit", "expected int <= 100"),
    ]
    assert log == [], "a provider ran for a request that was refused"


async def test_safe_fields_are_on_every_answer(exchange) -> None:
    app = build_app([])
    for method, target in (("GET", "/"), ("GET", "/users/404"), ("GET", "/nothing"), ("PUT", "/"), ("OPTIONS", "/")):
        answer = await exchange(app, method, target)
        assert answer.field("x-content-type-options") == "nosniff", target
        assert answer.field("content-security-policy"), target


async def test_misses_say_what_is_allowed(exchange) -> None:
    app = build_app([])
    refused = await exchange(app, "DELETE", "/users")
    assert (refused.status, refused.field("allow")) == (405, "OPTIONS, POST")
    options = await exchange(app, "OPTIONS", "/users")
    assert (options.status, options.field("allow"), options.body) == (204, "OPTIONS, POST", b"")
    assert (await exchange(app, "GET", "/users/abc")).status == 404


async def test_routers_mount_and_paths_lead_to_them(exchange) -> None:
    app, users = App(url="https://example.com"), Router()
    app.mount("/users", users)

    @users.get("/{id:int}")
    def show_user(id: int) -> int:
        return id

    assert (await exchange(app, "GET", "/users/7")).text == "7"
    assert app.paths.show_user(7) == paths.show_user(7) == "/users/7"
    assert urls.show_user(7, tab="x") == "https://example.com/users/7?tab=x"
    App().core
    with pytest.raises(MissingBaseUrlError):
        urls.show_user(7)


async def test_middleware_sees_errors_as_responses(exchange) -> None:
    class Mark(Middleware):
        def after(self, ctx: Context, response: Response) -> None:
            response.set_header("x-mark", str(response.status))

    app = App(env="production")
    app.use(Mark)
    app.map_error(LookupError, 409)

    @app.get("/{what}")
    def fail(what: str) -> str:
        if what == "mapped":
            raise KeyError(what)
        if what == "boom":
            raise RuntimeError("a secret detail")
        return what

    assert (await exchange(app, "GET", "/fine")).field("x-mark") == "200"
    assert (await exchange(app, "GET", "/mapped")).field("x-mark") == "409"
    boom = await exchange(app, "GET", "/boom")
    assert (boom.status, boom.field("x-mark")) == (500, "500")
    assert "secret" not in boom.text
    assert "urn:trace:" in boom.json()["instance"]


async def test_async_and_plain_chains_mix(exchange) -> None:
    class Slow(Middleware):
        async def around(self, ctx: Context, next) -> Response:
            await asyncio.sleep(0)
            response = await next(ctx)
            response.set_header("x-slow", "1")
            return response

    app = App()
    with app.pipeline("slow"):
        app.use(Slow)

    @app.get("/", pipe="slow")
    def hello(q: str = "") -> str:
        return "hi" + q

    answer = await exchange(app, "GET", "/?q=!")
    assert (answer.text, answer.field("x-slow")) == ("hi!", "1")


def test_mistakes_are_all_told_when_it_is_compiled() -> None:
    app = App()

    @app.get("/users/{id:int}")
    def show(user_id: int) -> None: ...

    @app.post("/two")
    def two(a: UserIn, b: UserIn) -> None: ...

    @app.get("/unknown")
    def unknown(thing: asyncio.Queue) -> None: ...

    @app.get("/piped", pipe="brwoser")
    def piped(ctx: Context) -> None: ...

    app.get("/controller")
    with pytest.raises(BootError) as caught:
        app.core
    texts = [mistake.what for mistake in caught.value.mistakes]
    assert texts == [
        "the pattern /users/{id:int} has no path parameter 'user_id'",
        "two parameters read the body: 'a' and 'b'",
        "nothing can fill 'thing' of the type Queue",
        "there is no pipeline 'brwoser'",
    ]
    for mistake in caught.value.mistakes:
        assert "test_application.py:" in mistake.where
        assert mistake.fix
        assert mistake.what in str(caught.value)


def test_one_mistake_is_raised_itself() -> None:
    app = App()

    @app.get("/users/{id:int}")
    def show(idd: int) -> None: ...

    with pytest.raises(SignatureError):
        app.core


def test_routes_that_shadow_each_other_are_named_with_their_lines() -> None:
    app = App()
    app.get("/users/{id}")(lambda id: id)
    app.get("/users/{name}")(lambda name: name)
    app.post("/users/{name}")(lambda name: name)
    with pytest.raises(DuplicateRouteError) as caught:
        app.core
    assert "two routes answer GET /users/" in caught.value.what
    assert caught.value.where.count("test_application.py:") == 2
    assert caught.value.fix


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_what_a_route_with_a_mistake_contradicts_is_told_in_the_same_run(method: str) -> None:
    app = App()
    declare = getattr(app, method)
    declare("/users/{id}", name="first")(lambda idd: idd)
    declare("/users/{name}", name="second")(lambda name: name)
    declare("/users/{id:int}", name="third")(lambda id: id)
    with pytest.raises(BootError) as caught:
        app.core
    kinds = [type(mistake) for mistake in caught.value.mistakes]
    assert kinds == [SignatureError, DuplicateRouteError]


def test_a_route_with_a_mistake_contradicts_nothing_by_itself() -> None:
    app = App()
    app.get("/posts/{id}", name="show")(lambda idd: idd)
    app.post("/posts/{id}", name="create")(lambda ident: ident)
    app.put("/posts/{id}", name="replace")(lambda id: id)
    app.delete("/posts/{id}", name="destroy")(lambda id: id)
    app.ws("/posts/{id}/live", name="live")(lambda idd: idd)
    app.get("/files//x", name="twice")(lambda: "x")
    with pytest.raises(BootError) as caught:
        app.core
    assert not [mistake for mistake in caught.value.mistakes if isinstance(mistake, DuplicateRouteError)]
    assert len(caught.value.mistakes) == 4


def test_a_pattern_that_the_route_tree_refuses_is_named_with_its_line() -> None:
    app = App()
    app.get("/users//x")(lambda: "x")
    with pytest.raises(InvalidPatternError) as caught:
        app.core
    assert "test_application.py:" in caught.value.where


def test_nothing_can_be_declared_after_compiling() -> None:
    app = App()
    app.core
    with pytest.raises(FrozenApplicationError) as caught:
        app.get("/late")(lambda: "x")
    assert "test_application.py:" in caught.value.where
    with pytest.raises(FrozenApplicationError):
        app.use(Middleware)


async def test_startup_runs_hooks_in_order_and_shutdown_in_reverse() -> None:
    log: list[str] = []

    async def around(app: App):
        log.append(f"enter {type(app).__name__}")
        yield
        log.append("leave")

    app = App(lifespan=around)
    app.on_startup(lambda: log.append("first"))

    @app.on_startup
    async def second() -> None:
        log.append("second")

    @app.on_shutdown
    def stop_one() -> None:
        log.append("stop one")

    @app.on_shutdown
    async def stop_two() -> None:
        log.append("stop two")

    await app.startup()
    with pytest.raises(SpicaError, match="started twice"):
        await app.startup()
    await app.shutdown()
    await app.shutdown()
    assert log == ["first", "second", "enter App", "leave", "stop two", "stop one"]


async def test_a_failing_startup_leaves_what_was_entered() -> None:
    log: list[str] = []
    app = App()

    async def good(app: App):
        try:
            yield
        finally:
            log.append("left")

    async def bad(app: App):
        raise RuntimeError("no database")
        yield

    app.lifespan(good)
    app.lifespan(bad)
    with pytest.raises(RuntimeError, match="no database"):
        await app.startup()
    assert log == ["left"]


async def test_a_file_that_is_not_there_is_named(exchange) -> None:
    app = App()
    app.get("/lost")(lambda: Response.file("/nowhere/at/all.pdf"))
    with pytest.raises(FileNotFoundError, match=r"/nowhere/at/all\.pdf"):
        await exchange(app, "GET", "/lost")


def test_a_project_is_a_folder_that_is_there() -> None:
    with pytest.raises(ProjectFileError) as caught:
        App("shop.app")
    assert caught.value.what == "App('shop.app'): there is no such folder"
    assert caught.value.fix.startswith("App() for an application in one file")
