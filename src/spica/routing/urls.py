"""Path helpers: `paths.post(7)` is `/posts/7`, `urls.post(7)` the same with scheme and host.

Rules of this file:
- A helper is made once, when the table is; a call joins quoted values and text.
- Values come by position, in the order of the pattern, or by name; what is left over by name becomes the query.
- A value that would change the path's structure (empty, `.`, `..`) is refused, not quoted.
- `paths` and `urls` lead to the application compiled last in this process: one process serves one application.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlencode

from spica.errors import closest
from spica.routing.errors import MissingBaseUrlError, NoRoutesYetError, PathArgumentsError, UnknownPathError
from spica.routing.pattern import PathParameter, Pattern

# RFC 3986 section 3.3: what a path segment may hold unquoted besides letters, digits and "-._~".
_SEGMENT_SAFE = "!$&'()*+,;=:@"


class PathHelper:
    """Builds the path of one route. Call it with the pattern's parameters; other keywords become the query."""

    __slots__ = ("_parameters", "_segments", "base", "name", "pattern")

    def __init__(self, name: str, pattern: Pattern, base: str = "") -> None:
        self.name = name
        self.pattern = pattern
        self.base = base
        self._parameters = pattern.names
        self._segments: tuple[str | PathParameter, ...] = tuple(
            quote(segment, safe=_SEGMENT_SAFE) if isinstance(segment, str) else segment for segment in pattern.segments
        )

    def __call__(self, *values: object, **named: object) -> str:
        given = iter(values)
        parts = [self.base]
        for segment in self._segments:
            if isinstance(segment, str):
                parts.append(segment)
            else:
                parts.append(self._quote(segment, self._take(segment, given, named)))
        if next(given, None) is not None or len(values) > len(self._parameters):
            raise self._mistake(f"got {len(values)} values")
        path = "/".join(parts)
        return f"{path}?{_build_query(named)}" if named else path

    def __repr__(self) -> str:
        return f"<path helper {self.name}({', '.join(self._parameters)}) {self.base}{self.pattern}>"

    def _take(self, parameter: PathParameter, given: Iterable[object], named: dict[str, object]) -> object:
        if parameter.name in named:
            return named.pop(parameter.name)
        for value in given:
            return value
        raise self._mistake(f"misses {parameter.name!r}")

    def _quote(self, parameter: PathParameter, value: object) -> str:
        text = to_param(value)
        if parameter.type == "path":
            pieces = text.lstrip("/").split("/")
            if not any(piece in (".", "..") for piece in pieces):
                return "/".join(quote(piece, safe=_SEGMENT_SAFE) for piece in pieces)
        elif parameter.type == "int":
            if text.isascii() and text.isdigit():
                return text
        elif text not in ("", ".", ".."):
            return quote(text, safe=_SEGMENT_SAFE)
        raise self._mistake(f"got {value!r} for {parameter.name!r}, which can't stand in a path")

    def _mistake(self, what: str) -> PathArgumentsError:
        usage = f"{self.name}({', '.join(self._parameters)})"
        return PathArgumentsError(
            f"the path helper {self.name} {what}", why=f"its pattern is {self.pattern}", fix=f"call it as {usage}"
        )


class Paths:
    """The path helpers of one application, as attributes."""

    def __init__(self, helpers: Iterable[PathHelper], ambiguous: Iterable[str] = ()) -> None:
        self.__dict__.update({helper.name: helper for helper in helpers})
        self._ambiguous = frozenset(ambiguous)

    def __getattr__(self, name: str) -> PathHelper:
        if name.startswith("__"):  # copy, pickle and inspect ask for these
            raise AttributeError(name)
        if name in self._ambiguous:
            raise UnknownPathError(
                f"several routes are called {name}",
                why="they took their names from functions of the same name, so the helper would be ambiguous",
                fix=f'give one of them a name of its own: name="{name}"',
            )
        near = closest(name, dir(self))
        raise UnknownPathError(
            f"no route is called {name}",
            why="path helpers exist for named routes; `spica routes` lists them",
            fix=f"did you mean {' or '.join(near)}?" if near else f'give the route a name: name="{name}"',
        )

    def __dir__(self) -> list[str]:
        return [name for name in self.__dict__ if not name.startswith("_")]

    def absolute(self, base: str) -> Paths:
        """The same helpers with an address in front; "" as base makes helpers that say what is missing."""
        if not base:
            return _NoBase()
        helpers = (
            PathHelper(h.name, h.pattern, base.rstrip("/")) for h in vars(self).values() if isinstance(h, PathHelper)
        )
        return Paths(helpers, self._ambiguous)


class _NoBase(Paths):
    """Stands in for `urls` where the application's address isn't configured."""

    def __init__(self) -> None:
        super().__init__(())

    def __getattr__(self, name: str) -> PathHelper:
        if name.startswith("__"):
            raise AttributeError(name)
        raise MissingBaseUrlError(
            f"urls.{name} can't be built: the application doesn't know its own address",
            why="the Host field of a request is chosen by the client, so it is not trusted for links",
            fix='set url = "https://example.com" in the [app] table of config/app.toml, or App(url="https://example.com")',
        )


class CurrentPaths(Paths):
    """Leads to the helpers of the application compiled last in this process."""

    def __init__(self, name: str) -> None:
        super().__init__(())
        self._name = name

    def _use(self, paths: Paths) -> None:
        self.__dict__ = {**vars(paths), "_name": self._name, "_compiled": paths}

    def __getattr__(self, name: str) -> PathHelper:
        compiled = self.__dict__.get("_compiled")
        if compiled is not None:
            return compiled.__getattr__(name)  # type: ignore[no-any-return]
        if name.startswith("__"):
            raise AttributeError(name)
        raise NoRoutesYetError(
            f"{self._name}.{name} is used before an application was compiled",
            why="helpers are made from the whole route table, when the application starts",
            fix=f"call {self._name}.{name}(...) inside a function that runs while the application serves",
        )


paths = CurrentPaths("paths")
urls = CurrentPaths("urls")


def use_paths(compiled: Paths, base_url: str) -> None:
    """Make `paths` and `urls` lead to these helpers."""
    paths._use(compiled)
    urls._use(compiled.absolute(base_url))


def to_param(value: object) -> str:
    """Write a value as it stands in a URL: an object's `to_param()`, else its `id`, else its text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    method = getattr(value, "to_param", None)
    if method is not None:
        return str(method())
    identity = getattr(value, "id", None)
    return str(value if identity is None else identity)


def _build_query(named: dict[str, object]) -> str:
    pairs: list[tuple[str, str]] = []
    for name, value in named.items():
        if isinstance(value, list | tuple):
            pairs.extend((name, to_param(item)) for item in value)
        elif value is not None:
            pairs.append((name, to_param(value)))
    return urlencode(pairs)
