"""Markers that say where a parameter comes from: `accept_language: Annotated[str, Header()]`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Path:
    """From the path; only needed to insist on it, a parameter with the pattern's name comes from there anyway.

    Example:
        >>> from typing import Annotated
        >>> def show(number: Annotated[int, Path("id")]) -> int:
        ...     return number
    """

    name: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """From the query string, under another name if one is given.

    A Struct (dataclass, dict, …) is read from nested names: `filter: Annotated[Filter, Query()]` is
    `?filter[state]=open`. With `flat=True` its fields stand in the query themselves: `?state=open`.
    """

    name: str | None = None
    flat: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """From a request field; without a name `accept_language` means Accept-Language."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class Cookie:
    """From a cookie, under another name if one is given; the value is what the client sent, unsigned."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """From the request's content, also for types that would come from elsewhere (`Annotated[list[int], Body()]`)."""


@dataclass(frozen=True, slots=True)
class Form:
    """From a form, urlencoded or multipart, and from nothing else.

    A scalar or list is the field of the parameter's name (`Annotated[str, Form()]`), or of the name given. A Struct is
    the whole form; with a name it is that group, `Annotated[PostIn, Form("post")]` reads `post[title]=…`.
    """

    name: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """From the files of a multipart form: `Annotated[UploadFile, File(max_size=5_000_000, types=["image/*"])]`.

    Args:    name: of the field, default the parameter's; max_size: the most octets of one file, None for no limit but
             the content's; types: accepted media types, "image/png" or "image/*", () for any. The client claims the
             type; of PNG, JPEG, GIF, WebP, PDF and ZIP the first octets must agree with the claim.
    """

    name: str | None = None
    max_size: int | None = None
    types: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """Who is signed in, `ctx.current_user`: `Annotated[User, CurrentUser()]`.

    Without anyone it is a 401, None where the type or the default allows that.
    """
