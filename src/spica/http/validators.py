"""Validators: what tells one state of a resource from another, as ETag and Last-Modified.

    text, octets                 the value itself
    has `cache_key`              that, called when it is a method
    has `updated_at`             class, `to_param()` or `id`, and the time to the microsecond
    a list, tuple, page          all of its members' (a page's number and total too)
    anything with a JSON form    its content

Rules:
- An ETag is weak unless it is asked to be strong: pages differ in tokens and whitespace though they mean the same.
- It is a digest, so that any text can be its source and nothing of it is told.
Source: RFC 9110 section 8.8.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from spica.http import json

_DIGEST_BYTES = 16


class State(NamedTuple):
    """The state of a resource: `key` is another text whenever it changes; when it did, where that is known."""

    key: str
    changed_at: datetime | None


def find_state(source: object) -> State:
    """Find what a resource's state is told by.

    Args:    source: a model, a list or page of models, text, or anything with a JSON form.
    Raises:  TypeError for a query that was not awaited; UnencodableValue for what has no JSON form.
    """
    if isinstance(source, str):
        return State(source, None)
    if isinstance(source, bytes):
        return State(source.hex(), None)
    if hasattr(source, "__await__"):
        raise TypeError(f"{type(source).__name__} is not loaded yet: await it first")
    key = getattr(source, "cache_key", None)
    changed_at = _time_of(getattr(source, "updated_at", None))
    if key is not None:
        return State(str(key() if callable(key) else key), changed_at)
    if changed_at is not None:
        return State(f"{type(source).__qualname__} {_name_of(source)} {changed_at.isoformat()}", changed_at)
    if isinstance(source, Sequence):
        return _state_of_all(source)
    to_dict = getattr(source, "to_dict", None)
    return State(json.encode(to_dict() if to_dict is not None else source).hex(), None)


def build_etag(parts: Iterable[str], *, strong: bool = False) -> str:
    """Build an ETag of parts whose order counts."""
    import hashlib  # here and not above: OpenSSL takes a megabyte, and most servers never make an ETag

    digest = hashlib.sha256()
    for part in parts:
        octets = part.encode("utf-8", "surrogatepass")
        digest.update(len(octets).to_bytes(8, "big") + octets)
    text = urlsafe_b64encode(digest.digest()[:_DIGEST_BYTES]).decode().rstrip("=")
    return f'"{text}"' if strong else f'W/"{text}"'


def _state_of_all(members: Sequence[object]) -> State:
    states = [find_state(member) for member in members]
    numbers = [f"{name}={getattr(members, name)}" for name in ("page", "per", "total") if hasattr(members, name)]
    times = [state.changed_at for state in states if state.changed_at is not None]
    # A member that went away changes no time, so only the ETag tells: a date alone would be wrong.
    keys = [*numbers, *(f"{len(state.key)} {state.key}" for state in states)]
    return State("\n".join(keys), max(times) if times and len(times) == len(states) else None)


def _name_of(source: object) -> str:
    to_param = getattr(source, "to_param", None)
    return str(to_param() if to_param is not None else getattr(source, "id", ""))


def _time_of(value: object) -> datetime | None:
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
