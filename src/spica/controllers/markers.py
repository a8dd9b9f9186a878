"""Markers that say where a parameter comes from: `accept_language: Annotated[str, Header()]`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from spica.injection.errors import SignatureError
from spica.routing.location import locate_caller

# What other frameworks let a marker say, and msgspec.Meta says here, beside it.
_CONSTRAINTS = frozenset(["gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern"])
_OF_THE_TYPE = _CONSTRAINTS | {"title", "description", "examples", "deprecated"}


class Marker:
    """Base of the markers, which refuses options that they don't have, with where those belong."""

    __slots__ = ()

    def __new__(cls, *arguments: Any, **options: Any) -> Self:
        """Make one. Raises SignatureError for an option that there is not."""
        known = list(getattr(cls, "__dataclass_fields__", ()))
        # A subclass with an `__init__` of its own knows what it takes.
        is_ours = next(kind for kind in cls.__mro__ if "__init__" in vars(kind)).__module__ == __name__
        strange = [name for name in options if name not in known] if is_ours else []
        if strange:
            raise SignatureError(
                f"{cls.__name__} has no option {strange[0]!r}",
                where=str(locate_caller()),
                why="a marker says where a value comes from; what it may be, and what it is when none was sent, is said"
                " by the parameter's type and default",
                fix=_build_fix(
                    cls.__name__, strange, {"default": arguments[0], **options} if arguments else options, known
                ),
            )
        return super().__new__(cls)


def _build_fix(marker: str, strange: list[str], options: dict[str, Any], known: list[str]) -> str:
    meta = ", ".join(f"{name}={options[name]!r}" for name in strange if name in _OF_THE_TYPE)
    name = options.get("alias", options.get("name"))
    own = [repr(name)] if name is not None and "name" in known else []
    own += [f"{key}={options[key]!r}" for key in known if key in options and key != "name"]
    pieces = ["int" if {"gt", "ge", "lt", "le", "multiple_of"} & set(strange) else "str"]
    if meta:
        pieces.append(f"msgspec.Meta({meta})")
    default = options.get("default", ...)  # also what stands first, as in Query(20, ge=1)
    tail = "" if default is ... else f" = {default!r}"
    return f"write x: Annotated[{', '.join(pieces)}, {marker}({', '.join(own)})]{tail}"


@dataclass(frozen=True, slots=True)
class Path(Marker):
    """From the path; only needed to insist on it, a parameter with the pattern's name comes from there anyway.

    Example:
        >>> from typing import Annotated
        >>> def show(number: Annotated[int, Path("id")]) -> int:
        ...     return number
    """

    name: str | None = None


@dataclass(frozen=True, slots=True)
class Query(Marker):
    """From the query string, under another name if one is given.

    A Struct (dataclass, dict, …) is read from nested names: `filter: Annotated[Filter, Query()]` is
    `?filter[state]=open`. With `flat=True` its fields stand in the query themselves: `?state=open`.
    """

    name: str | None = None
    flat: bool = False


@dataclass(frozen=True, slots=True)
class Header(Marker):
    """From a request field; without a name `accept_language` means Accept-Language."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class Cookie(Marker):
    """From a cookie, under another name if one is given; the value is what the client sent, unsigned."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class Body(Marker):
    """From the request's content, also for types that would come from elsewhere (`Annotated[list[int], Body()]`)."""


@dataclass(frozen=True, slots=True)
class Form(Marker):
    """From a form, urlencoded or multipart, and from nothing else.

    A scalar or list is the field of the parameter's name (`Annotated[str, Form()]`), or of the name given. A Struct is
    the whole form; with a name it is that group, `Annotated[PostIn, Form("post")]` reads `post[title]=…`.
    """

    name: str | None = None


@dataclass(frozen=True, slots=True)
class File(Marker):
    """From the files of a multipart form: `Annotated[UploadFile, File(max_size=5_000_000, types=["image/*"])]`.

    Args:    name: of the field, default the parameter's; max_size: the most octets of one file, None for no limit but
             the content's; types: accepted media types, "image/png" or "image/*", () for any. The client claims the
             type; of PNG, JPEG, GIF, WebP, PDF and ZIP the first octets must agree with the claim.
    """

    name: str | None = None
    max_size: int | None = None
    types: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CurrentUser(Marker):
    """Who is signed in, `ctx.current_user`: `Annotated[User, CurrentUser()]`.

    Without anyone it is a 401, None where the type or the default allows that.
    """
