"""The stored text of every error of routing, injection, controllers and the application."""

import asyncio
import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest

from spica import App, Controller, Provide, Request, SpicaError, before
from spica.app.lifespan import Lifespan
from spica.app.project import load_routes
from spica.controllers.controller import RouteInfo
from spica.controllers.lookup import ControllerLookup
from spica.controllers.rendering import build_response
from spica.injection.scope import Scope
from spica.routing import Routes, converters
from spica.routing.pattern import parse_pattern
from spica.routing.table import RouteTable
from spica.routing.urls import CurrentPaths, PathHelper, Paths

PACKAGES = ("routing", "injection", "controllers", "app")
BASES = {"RoutingError"}  # never raised themselves

PLACE = re.compile(r"\S*?([\w.]+\.py):\d+")
POST = PathHelper("post", parse_pattern("/posts/{id}"))


def unfinished() -> Iterator[int]:
    yield from ()


def first(other: Any) -> None: ...


def second(other: Annotated[None, Provide(first)]) -> None: ...


first.__annotations__["other"] = Annotated[None, Provide(second)]


async def forgotten() -> None: ...


def routes(*declarations: Callable[[Routes], object]) -> RouteTable:
    r = Routes()
    for declare in declarations:
        declare(r)
    return RouteTable(r.routes)


def compile_app(*handlers: tuple[str, Callable[..., object]]) -> object:
    app = App()
    for pattern, handler in handlers:
        app.get(pattern)(handler)
    return app.core


def late_route() -> None:
    app = App()
    app.core
    app.get("/late")(forgotten)


def raise_first(table: RouteTable) -> None:
    raise table.mistakes[0]


def wrong_signature(name: int) -> None: ...


def wrong_annotation(name: "Decmal") -> None: ...  # type: ignore[name-defined]  # noqa: F821 - the mistake


def circular(other: Annotated[None, Provide(first)]) -> None: ...


def wrong_filter() -> None:
    @before(only="show", except_="edit")
    def load(self: object) -> None: ...


def render_nothing() -> None:
    Controller(Request(None), RouteInfo("GET", "/", "posts#show", action="show", views="posts")).render_to_string(
        "show"
    )


def start_twice() -> None:
    async def run() -> None:
        lifespan = Lifespan()
        await lifespan.start(None)
        await lifespan.start(None)

    asyncio.run(run())


def make_project(root: Path) -> ControllerLookup:
    folder = root / "app/controllers"
    folder.mkdir(parents=True)
    (root / "app/__init__.py").touch()  # a regular package, which wins over those of other folders on sys.path
    (folder / "posts_controller.py").write_text(
        "from spica import Controller\n\nclass PostsController(Controller):\n    def show(self): ...\n"
    )
    return ControllerLookup(root)


@pytest.fixture(autouse=True)
def no_own_converters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converters, "_own", {})


MISTAKES: dict[str, Callable[[Path], object]] = {
    "InvalidPatternError": lambda root: parse_pattern("/posts/{id:itn}", "config/routes.py:7"),
    "InvalidTargetError": lambda root: routes(lambda r: r.get("/posts", "posts.index")),
    "InvalidRouteOptionError": lambda root: routes(lambda r: r.ws("/feed", "feeds#follow", origins=["app.example"])),
    "UnknownResourceActionError": lambda root: routes(lambda r: r.resources("posts", only=["idnex"])),
    "MisplacedBlockError": lambda root: routes(lambda r: r.member()),
    "DuplicateRouteNameError": lambda root: raise_first(
        routes(lambda r: r.get("/a", "a#b", name="post"), lambda r: r.get("/c", "c#d", name="post"))
    ),
    "UnknownPathError": lambda root: Paths([POST]).psot,
    "PathArgumentsError": lambda root: POST(),
    "MissingBaseUrlError": lambda root: Paths([POST]).absolute("").post(7),
    "NoRoutesYetError": lambda root: CurrentPaths("paths").post,
    "InvalidConverterError": lambda root: routes(lambda r: r.converter("sku", "[A-Z", parse=str)),
    "InvalidRedirectError": lambda root: routes(lambda r: r.redirect("/go/{host}", "https://{host}/")),
    "UnknownConcernError": lambda root: routes(lambda r: r.resources("posts", concerns=["commentable"])),
    "UnknownMemberError": lambda root: App().include_router,  # type: ignore[attr-defined]
    "UnknownSubdomainError": lambda root: raise_first(routes(lambda r: r.get("/", "home#index", subdomain="admin"))),
    "DuplicateRouteError": lambda root: compile_app(
        ("/users/{id}", lambda id: id), ("/users/{name}", lambda name: name)
    ),
    "SignatureError": lambda root: compile_app(("/users/{id:int}", wrong_signature)),
    "AnnotationError": lambda root: compile_app(("/", wrong_annotation)),
    "ProviderCycleError": lambda root: compile_app(("/", circular)),
    "ProviderContractError": lambda root: Scope().open(unfinished, unfinished()),
    "ControllerNotFoundError": lambda root: make_project(root).find("pots#show", "config/routes.py:7"),
    "ActionNotFoundError": lambda root: make_project(root).find("posts#shwo", "config/routes.py:7"),
    "FilterError": lambda root: wrong_filter(),
    "NoTemplatesError": lambda root: render_nothing(),
    "UnsupportedResultError": lambda root: build_response(forgotten()),
    "BootError": lambda root: compile_app(("/users/{id:int}", wrong_signature), ("/", wrong_annotation)),
    "ProjectFileError": load_routes,
    "FrozenApplicationError": lambda root: late_route(),
    "LifespanError": lambda root: start_twice(),
}
MESSAGES = {
    "InvalidConverterError": """\
SPICA-R014  the pattern of the converter 'sku' is no regular expression: unterminated character set at position 0
  where  test_app_messages.py:LINE
  why    it reads '[A-Z', and must match the whole text of the parameter
  fix    write one such as r"[a-z-]+\"""",
    "InvalidRedirectError": """\
SPICA-R015  the redirect to 'https://{host}/' can't be built
  where  test_app_messages.py:LINE
  why    a client must not choose the host, so parameters stand in the path only
  fix    write a path like "/new/{id}", or a URL like "https://example.com/new/{id}\"""",
    "UnknownConcernError": """\
SPICA-R016  there is no concern 'commentable'
  where  test_app_messages.py:LINE
  why    the concerns are (none), declared above their use
  fix    r.concern("commentable", lambda r: ...)""",
    "UnknownMemberError": """\
SPICA-R018  App has no 'include_router'
  where  test_app_messages.py:LINE
  why    that is its name in another framework
  fix    write app.mount('/users', router)""",
    "UnknownSubdomainError": """\
SPICA-R017  a route is for the subdomain 'admin' of a domain that is not known
  where  home#index  GET /  test_app_messages.py:LINE
  why    the domain is that of the application's address
  fix    set url = "https://example.com" in the [app] table of config/app.toml, or App(url=...); \
or write the whole host: host="admin.example.com\"""",
    "InvalidPatternError": """\
SPICA-R001  the pattern '/posts/{id:itn}' has the unknown parameter type 'itn'
  where  routes.py:LINE
  why    the types are str, int, float, uuid, date, slug, path
  fix    write {id:int}""",
    "InvalidTargetError": """\
SPICA-R002  the route points at 'posts.index'
  where  test_app_messages.py:LINE
  why    a target is written controller#action
  fix    write posts#index""",
    "InvalidRouteOptionError": """\
SPICA-R013  'app.example' is no origin
  where  test_app_messages.py:LINE
  why    a browser names the page's scheme and host, and nothing else
  fix    write https://app.example""",
    "UnknownResourceActionError": """\
SPICA-R003  resources have no action 'idnex'
  where  test_app_messages.py:LINE
  why    the actions are index, new, create, show, edit, update, destroy
  fix    did you mean 'index'?""",
    "MisplacedBlockError": """\
SPICA-R004  r.member() stands outside of a resource
  where  test_app_messages.py:LINE
  why    it declares routes of a member of the resource around it
  fix    put it into a `with r.resources("..."):` block""",
    "DuplicateRouteNameError": """\
SPICA-R005  two routes are called post
  where  a#b  GET /a  test_app_messages.py:LINE
         c#d  GET /c  test_app_messages.py:LINE
  why    paths.post could mean either
  fix    give the second its own name: name="...", or put it into r.scope(..., name="...")""",
    "UnknownPathError": """\
SPICA-R006  no route is called psot
  why    path helpers exist for named routes; `spica routes` lists them
  fix    did you mean post?""",
    "PathArgumentsError": """\
SPICA-R007  the path helper post misses 'id'
  why    its pattern is /posts/{id}
  fix    call it as post(id)""",
    "MissingBaseUrlError": """\
SPICA-R008  urls.post can't be built: the application doesn't know its own address
  why    the Host field of a request is chosen by the client, so it is not trusted for links
  fix    set url = "https://example.com" in the [app] table of config/app.toml, or App(url="https://example.com")""",
    "NoRoutesYetError": """\
SPICA-R009  paths.post is used before an application was compiled
  why    helpers are made from the whole route table, when the application starts
  fix    call paths.post(...) inside a function that runs while the application serves""",
    "DuplicateRouteError": """\
SPICA-R012  two routes answer GET /users/a
  where  <lambda>.<locals>.<lambda>  test_app_messages.py:LINE  GET /users/{id}
         <lambda>.<locals>.<lambda>  test_app_messages.py:LINE  GET /users/{name}
  why    the patterns differ only in the names of parameters, so the second can never be reached
  fix    give one of them a type: /users/{name:int}""",
    "SignatureError": """\
SPICA-I001  the pattern /users/{id:int} has no path parameter 'name'
  where  wrong_signature()  test_app_messages.py:LINE
  why    it has 'id', which the signature doesn't take
  fix    rename one of them, or take both; if 'name' comes from the query, write
         name: Annotated[int, Query()]""",
    "AnnotationError": """\
SPICA-I002  the type 'Decmal' in the signature isn't known
  where  wrong_annotation()  test_app_messages.py:LINE
  why    annotations are evaluated when the application starts, with the names of their module
  fix    import Decmal at the top, outside of `if TYPE_CHECKING`""",
    "ProviderCycleError": """\
SPICA-I003  the provider first depends on itself: first -> second -> first
  where  first()  test_app_messages.py:LINE
  fix    take what both need into a third provider""",
    "ProviderContractError": """\
SPICA-I004  a provider ended without a yield
  where  unfinished()  test_app_messages.py:LINE
  why    the value that a generator yields is what the parameter gets
  fix    yield the value on every way through the generator""",
    "ControllerNotFoundError": """\
SPICA-A010  there is no controller 'pots'
  where  routes.py:LINE
  why    the file app/controllers/pots_controller.py doesn't exist
  fix    did you mean posts#…?""",
    "ActionNotFoundError": """\
SPICA-A011  PostsController has no action 'shwo'
  where  routes.py:LINE
         app/controllers/posts_controller.py
  why    its public methods are show
  fix    did you mean posts#show?""",
    "FilterError": """\
SPICA-A012  a filter has only= and except_= at once
  where  wrong_filter.<locals>.load()  test_app_messages.py:LINE
  fix    keep only=, and leave the others out of it""",
    "NoTemplatesError": """\
SPICA-A013  the template 'posts/show' can't be rendered
  why    this application has no templates
  fix    App(root=Path(__file__).parent) reads those in app/views; App(templates=...) takes another folder""",
    "UnsupportedResultError": """\
SPICA-A014  the handler returned a coroutine
  where  forgotten()
  why    a response needs the value itself
  fix    await it in an `async def` handler""",
    "BootError": """\
SPICA-A001  the application has 2 mistakes
  fix    see each of them below

SPICA-I001  the pattern /users/{id:int} has no path parameter 'name'
  where  wrong_signature()  test_app_messages.py:LINE
  why    it has 'id', which the signature doesn't take
  fix    rename one of them, or take both; if 'name' comes from the query, write
         name: Annotated[int, Query()]

SPICA-I002  the type 'Decmal' in the signature isn't known
  where  wrong_annotation()  test_app_messages.py:LINE
  why    annotations are evaluated when the application starts, with the names of their module
  fix    import Decmal at the top, outside of `if TYPE_CHECKING`""",
    "ProjectFileError": """\
SPICA-A002  the project has no config/routes.py
  where  ROOT
  fix    write there:
         def draw(r: Routes) -> None:
             r.root("home#index")""",
    "FrozenApplicationError": """\
SPICA-A003  the application was compiled before this was declared
  where  test_app_messages.py:LINE
  why    routes and middleware are put together once, when the application starts
  fix    declare it at the top of the module, before the application is served""",
    "LifespanError": """\
SPICA-A004  the application is started twice
  fix    await app.shutdown() first""",
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    import sys

    def forget() -> None:
        for name in [name for name in sys.modules if name == "app" or name.startswith("app.")]:
            del sys.modules[name]

    forget()
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    forget()


@pytest.mark.parametrize("name", MISTAKES)
def test_the_text_is_the_stored_one(name: str, root: Path) -> None:
    assert text_of(name, root) == MESSAGES[name]


def text_of(name: str, root: Path) -> str:
    with pytest.raises(SpicaError) as caught:
        MISTAKES[name](root)
    assert type(caught.value).__name__ == name
    text = PLACE.sub(r"\1:LINE", str(caught.value).replace(str(root), "ROOT"))
    return "\n".join(line.rstrip() for line in text.splitlines() if not line.startswith("  docs "))


def test_every_error_has_a_text_and_a_code_of_its_own() -> None:
    found = {
        error.__name__: error.code
        for package in PACKAGES
        for _, error in inspect.getmembers(importlib.import_module(f"spica.{package}.errors"), inspect.isclass)
        if issubclass(error, SpicaError) and error.__module__ == f"spica.{package}.errors"
    }
    assert set(found) - BASES == set(MISTAKES)
    assert len(set(found.values())) == len(found)
