"""App: an application in one file, or a project's folder, as one object that servers, tests and commands use.

Rules of this file:
- Declaring only collects; `core` compiles everything at first use, and from then on nothing can be declared.
- Without `root` there is no session, no CSRF protection and no template: an API. The safe response fields are on.
- Inside a process one application is served: `paths`, `urls`, `pubsub` and the default database are those of the one
  that was compiled, or started, last.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from spica._core import Application as Core
from spica.app.compiled import Compiled, Parts, PublicFolder, compile_application
from spica.app.configuration import Given, load_settings
from spica.app.error_pages import ErrorPages
from spica.app.errors import FrozenApplicationError, ProjectFileError, raise_all
from spica.app.failures import Failures
from spica.app.health import Check, Health
from spica.app.lifespan import Hook, Lifespan, LifespanFunction
from spica.app.mounted import MountedApps
from spica.app.single_page import SinglePage
from spica.app.source_files import serve_sources
from spica.assets.lookup import SourceAssets, load_assets, use_assets
from spica.assets.shipped import PUBLIC as SHIPPED
from spica.config.in_force import password_cost, shows_api_docs, watches_queries
from spica.config.settings import Settings
from spica.controllers.lookup import ControllerLookup
from spica.controllers.rendering import NoRenderer, Renderer
from spica.injection.registry import Override, Registry
from spica.middleware.declare import DEFAULT, Pipelines, Usable, When
from spica.middleware.error_handler import Reporter, Rescue, Rescues
from spica.middleware.pipeline import Middleware
from spica.middleware.security_headers import SecurityHeaders
from spica.pubsub.current import use as use_pubsub
from spica.routing.listing import RouteRow, build_rows
from spica.routing.location import locate_caller
from spica.routing.route import Route
from spica.routing.router import Mount, Router
from spica.routing.table import RouteTable
from spica.routing.urls import Paths, use_paths
from spica.secrets.values import Secrets
from spica.security.keys import KeyRing
from spica.security.passwords import use_passwords
from spica.security.signed_tokens import use_tokens

if TYPE_CHECKING:  # imported at run time where it is called
    from spica.app.asgi import Send
    from spica.app.asgi_content import Message, Receive
    from spica.app.query_watch import QueryWatch
    from spica.channels.fanout import Fanout
    from spica.presence.tracker import Tracker
    from spica.pubsub.bus import PubSub

AnyCheck = TypeVar("AnyCheck", bound=Check)
AnyHook = TypeVar("AnyHook", bound=Hook)
AnyRescue = TypeVar("AnyRescue", bound=Rescue)
AnyReporter = TypeVar("AnyReporter", bound=Reporter)
# Cache-Control of public files without a fingerprint in their name.
_PUBLIC_IN_PRODUCTION = "public, max-age=86400"
_PUBLIC_WHILE_DEVELOPING = "no-cache"


class App(Router):
    """An application.

    Args:    root: a project's folder, None for an application in one file; env: development, test or production, None
             for SPICA_ENV; secret_key: for sessions and sealed cookies of a one-file application, 32 characters or
             more; url: the address of a one-file application, for `urls`; templates: of a one-file application;
             pubsub: how broadcasts of a one-file application reach other processes, as [pubsub] url; config: of a
             one-file application, sections as a project's config/*.toml has them, `{"presence": {"heartbeat_s": 3}}`,
             but those of the server; lifespan: an async generator, or a function that makes an async context manager,
             around its life.
    Raises:  ConfigurationError when a project's config/*.toml is wrong, or what is given instead of it.
    Example:
        >>> app = App()
        >>> @app.get("/users/{id:int}")
        ... def show_user(id: int) -> dict[str, int]:
        ...     return {"id": id}
    """

    def __init__(
        self,
        root: Path | str | None = None,
        *,
        env: str | None = None,
        secret_key: str = "",
        url: str = "",
        templates: Renderer | None = None,
        pubsub: str = "",
        config: Mapping[str, Mapping[str, Any]] | None = None,
        lifespan: LifespanFunction | None = None,
    ) -> None:
        super().__init__()
        self.root = _find_folder(root) if root is not None else None
        self._declared_at = locate_caller()
        given = Given(self._declared_at, secret_key, url, pubsub, config)
        self.settings = load_settings(self.root, env, given)
        self._made_at = os.path.realpath(self.root or self._declared_at.file)
        self._pubsub: PubSub | None = None
        self._presence: Tracker | None = None
        self._pipelines = Pipelines(in_project=root is not None)
        self._rescues = Rescues()
        self._reporters: list[Reporter] = []
        self._providers = Registry()
        _give_settings(self.settings, self._providers)
        self._templates = templates
        self._lifespan = Lifespan()
        self._mounted = MountedApps()
        self.health = Health(self.settings.health, explains=self.settings.env == "development")
        self._single_pages: list[SinglePage] = []
        self._compiled: Compiled | None = None
        self._database: Any = None
        self.query_watch: QueryWatch | None = None
        if lifespan is not None:
            self._lifespan.add(lifespan)
        if self.root is None:
            self._pipelines.use(SecurityHeaders)

    @property
    def name(self) -> str:
        """The application's name, from [app] name."""
        return self.settings.app.name

    @property
    def config(self) -> Settings:
        """The configuration: `app.config.server.port`, and sections of your own, `app.config.billing`."""
        return self.settings

    @property
    def secrets(self) -> Secrets:
        """The secrets of the encrypted file: `app.secrets.stripe.key`."""
        return self.settings.secrets

    @property
    def pubsub(self) -> PubSub:
        """What sends events to whoever listens, in all processes of the application; `from spica import pubsub` once
        it is started."""
        if self._pubsub is None:
            # Lazy: a server starts without what only those who broadcast need.
            from spica.app.broadcasting import build_bus

            self._pubsub = build_bus(self.settings, self._made_at, self.health, declared_at=str(self._declared_at))
        return self._pubsub

    # Declaring

    def use(self, *middleware: Usable, when: When = True) -> None:
        """Add middleware for every route of the application, outermost first; as `Pipelines.use`."""
        self._check_open()
        self._pipelines.use(*middleware, when=when)

    def pipeline(self, name: str) -> AbstractContextManager[None]:
        """Add the middleware used inside the `with` block to the pipeline that routes name by `pipe=`."""
        self._check_open()
        return self._pipelines.pipeline(name)

    def describe_api(self, **options: Any) -> None:
        """Say what [openapi] says of an application that has no config folder.

        Args:    options: the keys of [openapi], as `title="Shop", version="1.2.0"`.
        Raises:  TypeError for a key that [openapi] doesn't have.
        """
        self._check_open()
        section = msgspec.structs.replace(self.settings.openapi, **options)
        self.settings = msgspec.structs.replace(self.settings, openapi=section)

    def spa(self, prefix: str, folder: Path | str) -> None:
        """Serve a built single-page application: its files, and its index.html for every other address below.

        Routes come first. Files with a hash in their name are kept by browsers, the index is asked for each time; an
        address with a suffix, or a client that wants no HTML, gets a 404 where there is no file.

        Args:    prefix: `"/app"`, or `"/"`; folder: where the build is, below the project's folder or absolute.
        Example:
            >>> app = App()
            >>> app.spa("/shop", "frontend/dist")
        """
        self._check_open()
        self._single_pages.append(SinglePage(prefix, (self.root or Path.cwd()) / folder))

    def map_error(self, kind: type[Exception], status: int) -> None:
        """Answer an exception class, and its subclasses, with a status from 400 to 599."""
        self._rescues.register(kind, status)

    def rescue(self, kind: type[Exception], answer: int | Rescue | None = None) -> Callable[[AnyRescue], AnyRescue]:
        """Answer an exception class, and its subclasses, with a status or by a function of (request, error).

        Args:    kind: of exceptions; answer: a status from 400 to 599, or a plain function; without it this is a
                 decorator of one.
        Example:
            >>> app = App()
            >>> app.rescue(PermissionError, 403)  # doctest: +ELLIPSIS
            <function ...>
            >>> @app.rescue(LookupError)
            ... def explain(request, error):
            ...     return {"missing": str(error)}
        """
        self._check_open()

        def register(function: AnyRescue) -> AnyRescue:
            self._rescues.register(kind, function)
            return function

        if answer is not None:
            self._rescues.register(kind, answer)
        return register

    def report(self, reporter: AnyReporter) -> AnyReporter:
        """Call a plain function with (error, request) for every failure that nobody expected."""
        self._check_open()
        self._reporters.append(reporter)
        return reporter

    def ready_check(self, function: AnyCheck) -> AnyCheck:
        """Ask a function when `/ready` is: what raises or returns False answers 503.

        Args:    function: plain or async, without parameters; its name is shown. A plain one must not block.
        Example:
            >>> app = App()
            >>> @app.ready_check
            ... async def search() -> bool:
            ...     return True
        """
        self.health.add(getattr(function, "__name__", type(function).__name__), function)
        return function

    def provide(self, kind: type, function: Callable[..., object]) -> None:
        """Fill every parameter annotated with a class by a provider, without `Provide` at each of them.

        Args:    kind: the class, as signatures name it (also as `kind | None`); function: as `Provide` takes it.
        Raises:  SignatureError when the class has a provider.
        """
        self._check_open()
        self._providers.register(kind, function)

    def override(self, function: Callable[..., object], replacement: Callable[..., object]) -> Override:
        """Let another provider stand in for one, from now on or inside a `with` block; for tests.

        Args:    function: as `Provide` or `provide` names it; replacement: of any kind, with parameters of its own.
        Returns: what ends it: `with app.override(get_database, fake): ...`, or its `undo()`.
        """
        return self._providers.override(function, replacement)

    def on_startup(self, hook: AnyHook) -> AnyHook:
        """Run a plain or async function before the first request."""
        self._lifespan.on_startup(hook)
        return hook

    def on_shutdown(self, hook: AnyHook) -> AnyHook:
        """Run a plain or async function after the last request."""
        self._lifespan.on_shutdown(hook)
        return hook

    def lifespan(self, function: LifespanFunction) -> LifespanFunction:
        """Enter an async generator function, `async def lifespan(app): ...; yield; ...`, around the app's life."""
        return self._lifespan.add(function)

    # Compiled

    @property
    def core(self) -> Core:
        """The compiled application, which servers and tests call.

        Raises: SpicaError for one mistake in it, BootError for several.
        """
        return self.compiled.core

    @property
    def compiled(self) -> Compiled:
        """The compiled application with its route table; made at first use."""
        if self._compiled is None:
            self._compiled = self._compile()
            use_paths(self._compiled.table.paths, self.settings.app.url)
            _use_keys(self.settings)
        return self._compiled

    @property
    def routes(self) -> list[Route]:
        """All routes, those of config/routes.py included; compiles the application."""
        return list(self.table)

    @property
    def table(self) -> RouteTable:
        """All routes with what was found when they were checked against each other."""
        return self.compiled.table

    @property
    def middleware(self) -> list[Middleware]:
        """Every middleware of the application, those of config/middleware.py included, each once."""
        self.compiled  # noqa: B018 - compiles, which runs config/middleware.py
        return self._pipelines.all

    @property
    def failures(self) -> Failures:
        """What turns exceptions into responses."""
        return self.compiled.failures

    @property
    def paths(self) -> Paths:
        """The path helpers of this application."""
        return self.table.paths

    def route_rows(self) -> list[RouteRow]:
        """The rows of `spica routes`."""
        table = self.table
        default = (DEFAULT,) if DEFAULT in self._pipelines.names else ()
        return build_rows(table, default_pipe=default)

    def openapi(self) -> dict[str, Any]:
        """Build the OpenAPI 3.1 document of the application; compiles it.

        Returns: the document, new each time.
        Example:
            >>> app = App()
            >>> @app.get("/users/{id:int}")
            ... def show_user(id: int) -> dict[str, int]:
            ...     return {"id": id}
            >>> list(app.openapi()["paths"])
            ['/users/{id}']
        """
        # Lazy: a server in production never describes itself.
        from spica.openapi.document import Sources, build_document

        lookup = ControllerLookup(self.root) if self.root is not None else None
        return build_document(Sources(self.routes, self.settings, self._pipelines, self._providers, lookup))

    # Running

    async def startup(self) -> None:
        """Compile, open the database's configuration and run what comes before the first request.

        Who serves then waits for `learn_presence`. What fails or is cancelled half-way has stopped what it had started.

        Raises: the mistakes of the application; what a hook raises.
        """
        self.compiled  # noqa: B018 - compiles
        try:
            self.health.enter()
            self._tend_helpers()
            self._configure_database()
            use_pubsub(lambda: self.pubsub)
            if self._fanout is not None or self._pubsub is not None:
                self._start_realtime()
            for lifespan in self._mounted.take_lifespans():
                self._lifespan.add(lifespan)
            await self._lifespan.start(self)
        except BaseException:
            # One that runs already goes on: only its second start has failed.
            if self._lifespan.state != "running":
                await self.shutdown()
            raise

    async def learn_presence(self) -> None:
        """Wait until the other nodes have told who is there, a second at most. Every server does it before it accepts.

        Without it, what `startup` has asked is answered in the background; a test or a command need not wait for that.
        """
        if self._presence is not None:
            await self._presence.learn()

    def say_goodbye(self) -> None:
        """Called by the server before it says goodbye to its clients: channels leave because of the shutdown, and
        streams of events end instead of holding it up."""
        if self._pubsub is not None:
            self._pubsub.end_subscriptions()
        if (fanout := self._fanout) is not None:
            fanout.is_stopping = True

    async def shutdown(self) -> None:
        """Run what comes after the last request and close the database."""
        try:
            if (fanout := self._fanout) is not None:
                await fanout.stop()
            await self._lifespan.stop()
        finally:
            self.health.close()
            if self._presence is not None:
                await self._presence.stop()
            if self._pubsub is not None:
                await self._pubsub.stop()
            database, self._database = self._database, None
            if database is not None:
                await database.close()

    def run(self, **options: Any) -> None:
        """Serve until interrupted; options as `spica.server.run.ServerOptions`, default those of [server]."""
        # By name, not by import: the server stands above the application and imports it.
        server = importlib.import_module("spica.server.run")
        chosen = {"host": self.settings.server.host, "port": self.settings.server.port, **options}
        server.serve(self, server.ServerOptions(**chosen))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer as an ASGI 3 application."""
        # Lazy: our own server never comes here.
        from spica.app.asgi import serve_scope

        await serve_scope(self, scope, receive, send)

    # The rest is private.

    @property
    def _fanout(self) -> Fanout | None:
        return self._compiled.fanout if self._compiled is not None else None

    def _add(self, part: Route | Mount) -> None:
        self._check_open()
        super()._add(part)

    def _check_open(self) -> None:
        if self._compiled is not None:
            raise FrozenApplicationError(
                "the application was compiled before this was declared",
                where=str(locate_caller()),
                why="routes and middleware are put together once, when the application starts",
                fix="declare it at the top of the module, before the application is served",
            )

    def _compile(self) -> Compiled:
        root, settings = self.root, self.settings
        if settings.pubsub.url:
            self.pubsub  # noqa: B018 - a URL that names no broker is a mistake of the application
        renderer: Renderer = self._templates or NoRenderer()
        routes = super().routes
        lookup = None
        public: list[PublicFolder] = [one.public for one in self._single_pages]
        directs: dict[str, Callable[..., str]] = {}
        sources = [one.route for one in self._single_pages]
        if root is not None:
            # Lazy: an application in one file starts without what only folders need.
            from spica.app import project

            project.add_to_path(root)
            project.load_pipelines(root, self._pipelines)
            renderer = self._templates or project.load_renderer(root, reload=not settings.is_production)
            cache_control = _PUBLIC_IN_PRODUCTION if settings.is_production else _PUBLIC_WHILE_DEVELOPING
            public += [(str(folder), cache_control) for folder in (root / project.PUBLIC, *SHIPPED)]
            assets = load_assets(root, built=settings.is_production)
            use_assets(assets)
            if isinstance(assets, SourceAssets):
                sources.append(serve_sources(assets))
            lookup = ControllerLookup(root)
            declared = project.load_routes(root)
            routes = [*declared.routes, *routes]
            directs = declared.directs
        failures = Failures(
            development=settings.env == "development",
            pages_first=root is not None,
            pages=ErrorPages(root, renderer),
            rescues=[self._rescues],
            reporters=self._reporters,
        )
        self.query_watch = _build_watch(settings)
        parts = Parts(
            settings=settings,
            scopes_queries=self.query_watch is not None,
            routes=routes,
            pipelines=self._pipelines,
            renderer=renderer,
            failures=failures,
            lookup=lookup,
            public=public,
            registry=self._providers,
            directs=directs,
            internal=[*self._list_pages(), *sources],
            health=self.health.routes(),
            mounted=self._mounted,
            bus=lambda: self.pubsub,
        )
        return compile_application(parts)

    def _start_realtime(self) -> None:
        # Lazy: as `pubsub`.
        from spica.app.broadcasting import check_folder, start_bus
        from spica.presence.current import use as use_presence

        fanout = self._fanout
        check_folder(self.settings, self._made_at, declared_at=str(self._declared_at))
        start_bus(self.pubsub, self.settings, has_channels=fanout is not None)
        if fanout is not None:
            self._presence = fanout.presence
            use_presence(self._presence)
            self._presence.start()

    def _tend_helpers(self) -> None:
        """While developing, check every use of a path helper, and keep their stub true where the project has one.

        Raises: SpicaError for one use that can't work, BootError for several.
        """
        if self.root is None or self.settings.env != "development":
            return
        # Lazy: no other environment does this.
        from spica.app.helper_check import check_helpers
        from spica.routing.stub import STUB, write_stub

        if (self.root / STUB).is_file():
            write_stub(self.root, self.paths.all_helpers)
        raise_all(check_helpers(self.root, self.paths))

    def _list_pages(self) -> list[Route]:
        """The pages of the API document, unless they are off, as they are in production where nothing is said."""
        section = self.settings.openapi
        if not shows_api_docs(self.settings):
            return []
        # Lazy: only who shows the pages loads them.
        from spica.openapi.pages import DocsPages

        return DocsPages(section.title or self.name, section.path, self.openapi).routes()

    def _configure_database(self) -> None:
        url = self.settings.database.url
        if not url or self._database is not None:
            return
        # Lazy: drivers are only loaded by an application that has a database.
        from spica.db import engine

        self._database = engine.configure(url, root=self.root, observer=self.query_watch)
        self.health.watch_database(self._database, self.root)


def _build_watch(settings: Settings) -> QueryWatch | None:
    if not watches_queries(settings):
        return None
    # Lazy: production has nothing to watch.
    from spica.app.query_watch import build_watch

    return build_watch(settings)


def _give_settings(settings: Settings, providers: Registry) -> None:
    """Let handlers name a section of the configuration by its type."""
    for value in (settings, settings.secrets, *settings.extra.values()):
        providers.register(type(value), _giving(value))


def _giving(value: object) -> Callable[[], object]:
    def give() -> object:
        return value

    return give


def _use_keys(settings: Settings) -> None:
    """Make `tokens` and `passwords` those of this application."""
    use_tokens(KeyRing(settings.app.secret_keys) if settings.app.secret_keys else None)
    chosen = settings.passwords
    cost = password_cost(settings)
    use_passwords(cost, threads=chosen.threads, max_waiting=chosen.max_waiting, min_characters=chosen.min_characters)


def _find_folder(root: Path | str) -> Path:
    """The project's folder. Raises ProjectFileError where there is none: `App(__name__)`, as Flask has it."""
    folder = Path(root).resolve()
    if not folder.is_dir():
        raise ProjectFileError(
            f"App({str(root)!r}): there is no such folder",
            where=str(locate_caller()),
            why="the first argument is the folder of a project",
            fix="App() for an application in one file, App(root=Path(__file__).parent) for a project",
        )
    return folder
