"""Signatures: a function's parameters with their types evaluated, read once when the application starts."""

from __future__ import annotations

import builtins
import functools
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from spica.errors import closest
from spica.injection.errors import AnnotationError, SignatureError

_REMEMBERED = "__spica_names__"
Marker = TypeVar("Marker")
MISSING = inspect.Parameter.empty
_UNSUPPORTED = {
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter to fill.

    `type` is the annotation as msgspec reads it (constraints included), `bare_type` the same without `Annotated`,
    `markers` its metadata, `default` MISSING when a value is required. `where` names function, file and line.
    """

    name: str
    type: Any
    bare_type: Any
    markers: tuple[object, ...]
    default: Any
    keyword_only: bool
    where: str

    @property
    def required(self) -> bool:
        """Whether the function can't be called without this value."""
        return self.default is MISSING

    def marker(self, kind: type[Marker]) -> Marker | None:
        """The first marker of a class; None without one."""
        return next((marker for marker in self.markers if isinstance(marker, kind)), None)


def read_signature(
    function: Callable[..., object], *, skip_first: bool = False, names: Mapping[str, Any] | None = None
) -> list[Parameter]:
    """Read what a function wants to be called with.

    Args:    function: any callable, a class for what makes its instances; skip_first: leave out the first parameter (an
             unbound method's `self`); names: known to its annotations beside those of its module.
    Returns: its parameters in order.
    Raises:  AnnotationError when a type's name isn't known in its module, SignatureError for `*args` and `**kwargs`.
    """
    where = describe_place(function)
    hints = _read_hints(function, where, names or {})
    found = list(inspect.signature(function).parameters.values())[1 if skip_first else 0 :]
    return [_read_parameter(parameter, hints, where) for parameter in found]


def read_returned(function: Callable[..., object]) -> Any:
    """Read the type that a function says it returns, MISSING when it says nothing.

    Raises: AnnotationError when the type's name isn't known.
    """
    return _read_hints(function, describe_place(function), find_remembered(function)).get("return", MISSING)


def remember_names(function: Callable[..., object]) -> None:
    """Keep the local names that a nested function's annotations need, while the function around it still runs.

    With `from __future__ import annotations` they are text, and the frame is gone when the application is compiled.
    Called by what registers a function; only names that nothing else knows are kept, and only their values.
    """
    target = _undecorated(function)
    texts = [text for text in getattr(target, "__annotations__", {}).values() if isinstance(text, str)]
    if not texts or "<locals>" not in getattr(target, "__qualname__", ""):
        return
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("spica."):
        frame = frame.f_back
    known = {**vars(builtins), **target.__globals__}
    local = frame.f_locals
    found = {name: local[name] for text in texts for name in _names_in(text) if name in local and name not in known}
    if found:
        setattr(target, _REMEMBERED, found)


def find_remembered(function: Callable[..., object]) -> dict[str, Any]:
    """What `remember_names` kept for a function; {} for nothing."""
    return getattr(_undecorated(function), _REMEMBERED, {})


def _names_in(annotation: str) -> Iterator[str]:
    try:
        yield from compile(annotation, "<annotation>", "eval").co_names
    except SyntaxError:  # told with its place when the signature is read
        return


def describe_place(function: Callable[..., object]) -> str:
    """Name a function and where it is defined, for the `where` of an error."""
    target = _undecorated(function)
    name = getattr(target, "__qualname__", None) or type(target).__qualname__
    code = getattr(target if hasattr(target, "__code__") else type(target).__call__, "__code__", None)
    if code is None:
        return f"{name}()"
    file = Path(code.co_filename)
    if file.is_relative_to(Path.cwd()):
        file = file.relative_to(Path.cwd())
    return f"{name}()  {file}:{code.co_firstlineno}"


def _read_parameter(parameter: inspect.Parameter, hints: dict[str, Any], where: str) -> Parameter:
    if parameter.kind in _UNSUPPORTED:
        raise SignatureError(
            f"the parameter {_UNSUPPORTED[parameter.kind]}{parameter.name} can't be filled",
            where=where,
            why="arguments are filled by name and type, and this one has neither",
            fix="name the parameters; take ctx: Context to read anything else from the request",
        )
    annotation = hints.get(parameter.name, Any)
    annotated = get_origin(annotation) is Annotated
    return Parameter(
        name=parameter.name,
        type=annotation,
        bare_type=get_args(annotation)[0] if annotated else annotation,
        markers=annotation.__metadata__ if annotated else (),
        default=MISSING if parameter.default in (MISSING, ...) else parameter.default,
        keyword_only=parameter.kind is inspect.Parameter.KEYWORD_ONLY,
        where=where,
    )


def _read_hints(function: Callable[..., object], where: str, names: Mapping[str, Any]) -> dict[str, Any]:
    target = _undecorated(function)
    if isinstance(target, type):
        target = inspect.getattr_static(target, "__init__")
    elif not hasattr(target, "__annotations__"):
        target = type(target).__call__
    known = {**names, **_enclosed_names(target)}
    try:
        return get_type_hints(target, localns=known, include_extras=True)
    except NameError as error:
        near = closest(error.name or "", [*getattr(target, "__globals__", {}), *known])
        raise AnnotationError(
            f"the type {error.name!r} in the signature isn't known",
            where=where,
            why="annotations are evaluated when the application starts, with the names of their module",
            fix=f"did you mean {near[0]}?"
            if near
            else f"import {error.name} at the top, outside of `if TYPE_CHECKING`",
        ) from error
    except (TypeError, SyntaxError) as error:
        raise AnnotationError(
            f"an annotation of the signature can't be evaluated: {error}", where=where, fix="write a type there"
        ) from error


def _undecorated(function: Callable[..., object]) -> Any:
    target: Any = inspect.unwrap(function)
    while isinstance(target, functools.partial):
        target = inspect.unwrap(target.func)
    return target


def _enclosed_names(function: Callable[..., object]) -> dict[str, Any]:
    """Names that the function closes over, so that types defined beside a nested function are found."""
    try:
        enclosed = inspect.getclosurevars(function).nonlocals
    except (TypeError, ValueError):  # a callable not written in Python, or a cell that isn't filled yet
        return {}
    return dict(enclosed)
