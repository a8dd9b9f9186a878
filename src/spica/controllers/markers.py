"""Markers that say where a parameter comes from: `accept_language: Annotated[str, Header()]`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Path:
    """From the path; only needed to insist on it, a parameter with the pattern's name comes from there anyway."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """From the query string, under another name if one is given."""

    name: str | None = None


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
