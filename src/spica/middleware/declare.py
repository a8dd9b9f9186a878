"""Pipelines: what config/middleware.py declares, and the chain of each route.

    def draw(p):
        p.use(m.RequestId, m.SecurityHeaders)         # every route
        with p.pipeline("browser"):
            p.use(m.Session, m.Csrf)                  # routes with pipe="browser", and those that name no pipe

Rules: what stands outside of a pipeline comes first, for every route. A route names one pipeline or several, in order;
one that names none gets "browser" where there is one. Where there is none but a name close to it, that is a mistake:
such routes would go without sessions and CSRF protection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from spica.config.environment import environment_name
from spica.config.settings import Settings
from spica.errors.base import closest
from spica.middleware.content_security_policy import POLICY_FIELDS, build_nonce_form
from spica.middleware.errors import InvalidMiddleware, UnknownPipeline
from spica.middleware.hosts import Hosts
from spica.middleware.pipeline import FunctionMiddleware, Middleware, Readers, check_middleware

DEFAULT = "browser"
Usable: TypeAlias = type[Middleware] | Middleware | Callable[..., Any]
When: TypeAlias = bool | str | Sequence[str]
"""Where middleware is used: everywhere, nowhere, or in environments."""


class Pipelines:
    """The declared middleware: the common part and the named pipelines.

    Args:    in_project: whether config/middleware.py declares it, and not an application in one file.
    """

    def __init__(self, *, in_project: bool = True) -> None:
        self._declarer, self._variable = ("config/middleware.py", "p") if in_project else ("the application", "app")
        self._common: list[Middleware] = []
        self._named: dict[str, list[Middleware]] = {}
        self._open: list[Middleware] = self._common
        self._conditions: list[tuple[list[Middleware], Middleware, frozenset[str]]] = []

    def use(self, *middleware: Usable, when: When = True) -> None:
        """Add middleware, in order: classes, instances where there are options, or functions.

        Args:    when: True or False, or the environments it is for: `when="production"`, `when=["production", "test"]`.
        Raises:  InvalidMiddleware; UnknownEnvironment.
        """
        made = [check_middleware(one) for one in middleware]
        self._open.extend(made)
        if when is not True:
            environments = [when] if isinstance(when, str) else when or []
            wanted = frozenset(environment_name(name) for name in environments)
            self._conditions.extend((self._open, one, wanted) for one in made)

    @contextmanager
    def pipeline(self, name: str) -> Iterator[None]:
        """Add what is used inside the `with` block to the pipeline of that name, making it when it is new."""
        outer, self._open = self._open, self._named.setdefault(name, [])
        try:
            yield
        finally:
            self._open = outer

    @property
    def names(self) -> list[str]:
        """The names of the pipelines, in order of declaration."""
        return list(self._named)

    @property
    def all(self) -> list[Middleware]:
        """Every middleware that was declared."""
        return [*self._common, *(one for pipeline in self._named.values() for one in pipeline)]

    @property
    def static_fields(self) -> tuple[tuple[str, str], ...]:
        """Fields that the common part wants on every response; the core adds them, to errors and files as well."""
        fields: dict[str, str] = {}
        for one in self._common:
            fields.update(one.static_fields)
        return tuple(fields.items())

    @property
    def readers(self) -> Readers | None:
        """Whose scripts may read public files; None where that depends on nobody. The core answers with those."""
        return next((one.readers for one in reversed(self._common) if one.readers is not None), None)

    @property
    def common(self) -> tuple[Middleware, ...]:
        """The middleware of every route, and of requests that have none, without what the core does itself."""
        return tuple(one for one in self._common if not one.only_static)

    def nonce_policies(self, pipes: str | Sequence[str] | None = None) -> tuple[tuple[str, str], ...]:
        """Return the policies of a route's pages that ask for a nonce; `pipes` as for `chain`."""
        policies: dict[str, str] = {}
        for one in [*self._common, *(one for name in self._names(pipes) for one in self._find(name))]:
            policies.update(
                {name: build_nonce_form(value) for name, value in one.static_fields if name in POLICY_FIELDS}
            )
        return tuple(policies.items())

    def bind(self, settings: Settings) -> None:
        """Give every middleware its configuration; called before `static_fields` and `chain`.

        What is for other environments is dropped.
        Where [app] hosts is set and no Hosts was declared, one is put first: the setting alone is enough.
        """
        for declared, one, environments in self._conditions:
            if settings.env not in environments and one in declared:
                declared.remove(one)
        if settings.app.hosts and not any(isinstance(one, Hosts) for one in self.all):
            self._common.insert(0, Hosts())
        for one in self.all:
            one.bind(settings)

    def chain(self, pipes: str | Sequence[str] | None = None, *, vital: bool = False) -> tuple[Middleware, ...]:
        """Return the middleware of a route, outermost first.

        Args:    pipes: the pipelines that the route names; None for the default, [] for the common part alone; vital:
                 whether the route is answered under any load, and so goes without what would refuse it.
        Returns: middleware to compose; the common ones that only set static fields are left out, the core does it.
        Raises:  UnknownPipeline with near matches; also for None where a name was meant to be the default's;
                 InvalidMiddleware for one that needs a session where none comes before it.
        """
        chain = list(self.common)
        for name in self._names(pipes):
            chain.extend(self._find(name))
        self._check_sessions(chain, pipes)
        return tuple(one for one in chain if not (vital and one.spares_vital))

    def _check_sessions(self, chain: Sequence[Middleware], pipes: str | Sequence[str] | None) -> None:
        for index, one in enumerate(chain):
            if _needs_session(one) and not any(other.gives_session for other in chain[:index]):
                name, variable = type(one).__name__, self._variable
                late = any(other.gives_session for other in chain[index:])
                if not late and any(map(_is_own, chain[:index])):
                    continue  # it may set `ctx.session_source` itself
                names = ", ".join(self._names(pipes)) or "of every route"
                raise InvalidMiddleware(
                    f"{name} stands {'before' if late else 'without'} Session in the pipeline {names}",
                    where=self._declarer,
                    why="it reads the session, which Session gives to what comes after it",
                    fix=f"{variable}.use(m.Session, m.{name})",
                )

    def _names(self, pipes: str | Sequence[str] | None) -> list[str]:
        if pipes is None:
            self._check_default()
            return [DEFAULT] if DEFAULT in self._named else []
        return [pipes] if isinstance(pipes, str) else list(pipes)

    def _find(self, name: str) -> list[Middleware]:
        if name not in self._named:
            near, variable = closest(name, self._named), self._variable
            declare = f'declare it: with {variable}.pipeline("{name}"): {variable}.use(...)'
            raise UnknownPipeline(
                f"there is no pipeline {name!r}",
                why=f"{self._declarer} declares: {', '.join(self._named) or 'none'}",
                fix=f"did you mean {near[0]!r}?" if near else declare,
            )
        return self._named[name]

    def _check_default(self) -> None:
        near = [] if DEFAULT in self._named else closest(DEFAULT, self._named)
        if near:
            raise UnknownPipeline(
                f"there is no pipeline {DEFAULT!r}",
                why=f"{self._declarer} declares: {', '.join(self._named)}; routes that name no pipeline would"
                f" go without what {near[0]!r} has",
                fix=f'with {self._variable}.pipeline("{DEFAULT}"): instead of {near[0]!r}; declare both where both are'
                " meant",
            )


def _is_own(one: Middleware) -> bool:
    """Whether middleware is the application's: a class or function that Spica doesn't have."""
    return isinstance(one, FunctionMiddleware) or type(one).__module__.partition(".")[0] != "spica"


def _needs_session(one: Middleware) -> bool:
    """Whether it reads the session; a subclass with another `before` may keep elsewhere what its base has there."""
    kinds = type(one).__mro__
    stated = next(kind for kind in kinds if "needs_session" in vars(kind))
    acting = next(kind for kind in kinds if "before" in vars(kind))
    return one.needs_session and issubclass(stated, acting)
