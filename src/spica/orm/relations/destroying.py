"""Which records are being destroyed: so that cycles of dependents end, and counters of rows that go are left alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_records: ContextVar[tuple[Any, ...]] = ContextVar("spica_destroying", default=())


@contextmanager
def being_destroyed(record: Any) -> Iterator[None]:
    """Know a record as being destroyed, with those around it."""
    token = _records.set((*_records.get(), record))
    try:
        yield
    finally:
        _records.reset(token)


def is_destroyed_now(model: Any, key: str, value: Any) -> bool:
    """Whether the record of a model with this value in this field is being destroyed."""
    return any(type(record) is model and getattr(record, key) == value for record in _records.get())


def count_destroyed() -> int:
    """How many records are being destroyed."""
    return len(_records.get())


def without_destroyed(records: list[Any]) -> list[Any]:
    """Leave out what is being destroyed."""
    going = _records.get()
    return [record for record in records if record not in going]
