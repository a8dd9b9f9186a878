"""Content negotiation: which of the offered media types a client prefers.

Rules: linear in the field; the same field is parsed once (browsers send one value for all their requests).
Source: RFC 9110 section 12.5.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from spica.http import media_types

SHORT_NAMES = {
    "html": "text/html",
    "json": "application/json",
    "text": "text/plain",
    "xml": "application/xml",
    "problem": "application/problem+json",
    "csv": "text/csv",
    "sse": "text/event-stream",
}
_WITH_CHARSET = {"text": media_types.TEXT, "problem": media_types.PROBLEM}


class MediaRange(NamedTuple):
    """One element of an Accept field: `type/subtype`, either of them "*", and its quality from 0 to 1."""

    type: str
    subtype: str
    quality: float


def best(accept: str | None, offers: Sequence[str]) -> str | None:
    """Choose the offer that the client likes most.

    Args:    accept: the Accept field, None or "" when absent (everything is welcome); offers: media types or the short
             names html, json, text, xml, problem, csv, sse, in the server's order of preference.
    Returns: one of `offers` as given; of equals the one that is named rather than covered by a "*", then the earlier
             one; None when the client accepts none of them.
    """
    if not accept or accept == "*/*":
        return offers[0] if offers else None
    return _best(accept, tuple(offers))


def choose(format: str | None, accept: str | None, offers: Sequence[str]) -> str | None:
    """Choose by the format of a route where it has one (`/posts.json`), else by the Accept field; see `best`."""
    if format is None:
        return best(accept, offers)
    return format if format in offers else None


def type_of(name: str) -> str:
    """The media type of an offer, with its charset: a short name, a file's suffix, or a media type itself."""
    if name in _WITH_CHARSET:
        return _WITH_CHARSET[name]
    return media_types.SUFFIXES.get(name) or SHORT_NAMES.get(name, name)


def type_of_file(filename: str) -> str:
    """The media type of a file by its name; octets when that says nothing."""
    return media_types.type_of(filename)


@lru_cache(maxsize=256)
def _best(accept: str, offers: tuple[str, ...]) -> str | None:
    ranges = parse_accept(accept)
    if not ranges:
        return offers[0] if offers else None
    chosen, highest = None, (0.0, -1)
    for offer in offers:
        quality, precision = _quality(type_of(offer), ranges)
        if quality > 0 and (quality, precision) > highest:
            chosen, highest = offer, (quality, precision)
    return chosen


@lru_cache(maxsize=128)
def parse_accept(accept: str) -> tuple[MediaRange, ...]:
    """Split an Accept field into media ranges, in order; what is none is skipped, a bad quality counts as 0."""
    ranges = []
    for element in accept.split(","):
        media_range, *parameters = element.split(";")
        main, slash, sub = media_range.strip().lower().partition("/")
        if slash and main and sub and (main != "*" or sub == "*"):
            ranges.append(MediaRange(main, sub, _parse_quality(parameters)))
    return tuple(ranges)


def _parse_quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            value = value.strip()
            # qvalue is 0 to 1 with up to three digits; float() alone would take "inf", "1_0" and "+1".
            if len(value) <= 5 and value.isascii() and value.replace(".", "", 1).isdigit():
                return min(float(value), 1.0)
            return 0.0
    return 1.0


def _quality(offer: str, ranges: tuple[MediaRange, ...]) -> tuple[float, int]:
    """Return the quality of the most specific range that matches, 0 when none does, and how specific it is: 0 to 2."""
    main, _, sub = offer.partition(";")[0].partition("/")
    precision, quality = -1, 0.0
    for candidate in ranges:
        if candidate.subtype == sub and candidate.type == main:
            rank = 2
        elif candidate.subtype == "*" and candidate.type == main:
            rank = 1
        elif candidate.type == "*":
            rank = 0
        else:
            continue
        if rank > precision:
            precision, quality = rank, candidate.quality
    return quality, precision
