"""Scopes: what the blocks of a routes file share between the routes in them.

Rules of this file:
- A block only pushes a `Scope`; a declaration reads the innermost one.
- In a shallow block, routes of a member leave the prefix and the names of the resources around them; what belongs to
  the collection keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import TracebackType
from typing import Literal

from spica.routing.location import Location
from spica.routing.pattern import join_patterns
from spica.routing.resources import Resource
from spica.routing.route import (
    NO_DEMANDS,
    DemandOptions,
    Demands,
    Names,
    Origins,
    build_demands,
    build_pipe,
    check_options,
)


class ScopeOptions(DemandOptions, total=False):
    """What `r.scope` accepts besides its prefix.

    `pipe` (names of pipelines), `controllers` (their folder), `name` (a prefix of names), `shallow` (of the resources
    in it); and what `DemandOptions` has.
    """

    pipe: Names
    controllers: str | None
    name: str | None
    shallow: bool


class MountOptions(ScopeOptions, total=False):
    """What `r.mount` accepts besides its prefix and what it mounts.

    `origins`, of an ASGI application: of the pages that may open its WebSockets, as for `r.ws`; and what `ScopeOptions`
    has.
    """

    origins: Origins


class NamespaceOptions(DemandOptions, total=False):
    """What `r.namespace` accepts besides its name: `version`, `pipe` and what `DemandOptions` has."""

    version: str | None
    pipe: Names


class ResourceOptions(DemandOptions, total=False):
    """What `r.resources` and `r.resource` accept besides their name.

    `only`, `except_` (which of the actions), `path` (another first segment), `param` (another name for the id, with a
    type if wanted: `"id:int"`), `controller` (another than the name's), `as_` (another word for the path helpers),
    `concerns` (names of concerns), `shallow` (members of what is nested stand alone: `/comments/{id}`), `pipe`; and
    what `DemandOptions` has.
    """

    only: str | list[str] | tuple[str, ...] | None
    except_: str | list[str] | tuple[str, ...] | None
    path: str | None
    param: str
    controller: str | None
    as_: str | None
    concerns: str | list[str] | tuple[str, ...]
    shallow: bool
    pipe: Names


@dataclass(frozen=True, slots=True)
class Scope:
    """What surrounds a declaration.

    `prefix`, `controllers` and `name` stand before those of the routes; `outer_name` is the name without the resource's
    own; `alone` are prefix and name outside of all resources, where a shallow member stands.
    """

    prefix: str = ""
    controllers: str = ""
    name: str = ""
    pipe: tuple[str, ...] | None = None
    demands: Demands = NO_DEMANDS
    resource: Resource | None = None
    inside: Literal["nothing", "resource", "member", "collection"] = "nothing"
    outer_name: str = ""
    shallow: bool = False
    alone: tuple[str, str] = ("", "")

    def narrow(self, prefix: str, options: ScopeOptions, where: Location) -> Scope:
        """The scope of `r.scope` inside of this one."""
        check_options(options, ScopeOptions, where)
        folder, pipe, name = options.get("controllers"), options.get("pipe"), options.get("name")
        prefix = join_patterns(self.prefix, prefix) if prefix else self.prefix
        name = join_names(self.name, name)
        return replace(
            self,
            prefix=prefix,
            controllers=self.controllers + folder.strip("/") + "/" if folder else self.controllers,
            name=name,
            pipe=build_pipe(pipe) if pipe is not None else self.pipe,
            demands=build_demands(options, where).inside(self.demands),
            shallow=options.get("shallow", self.shallow),
            alone=self.alone if self.resource is not None else (prefix, name),
        )

    def enter(self, resource: Resource, place: tuple[str, str]) -> Scope:
        """The scope inside of a resource whose prefix and name stand at `place`."""
        prefix, name = place
        return replace(
            self,
            prefix=join_patterns(prefix, resource.nested_path),
            name=join_names(name, resource.singular_name),
            resource=resource,
            inside="resource",
            outer_name=name,
        )

    def place_of(self, *, member: bool) -> tuple[str, str]:
        """Prefix and name of a resource's routes that are declared here."""
        return self.alone if member and self.shallow and self.resource is not None else (self.prefix, self.name)


class Block:
    """A scope that `with` enters; without `with` it changes nothing."""

    def __init__(self, scopes: list[Scope], scope: Scope) -> None:
        self._scopes = scopes
        self._scope = scope

    def __enter__(self) -> None:
        self._scopes.append(self._scope)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scopes.pop()


def join_names(*parts: str | None) -> str:
    """Put the parts of a helper's name together."""
    return "_".join(part for part in parts if part)


def static_name(pattern: str) -> str:
    """`/reports/monthly` is called reports_monthly, `/feed.{format}` feed; with a parameter a name must be given."""
    pattern = pattern.removesuffix(".{format}")
    if "{" in pattern:
        return ""
    name = pattern.strip("/").replace("/", "_").replace("-", "_").replace(".", "_")
    return name if name.isidentifier() else ""
