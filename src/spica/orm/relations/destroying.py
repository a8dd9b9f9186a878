"""Which records are being destroyed: so that cycles of dependents end, and counters of rows that go are left alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

_moment: ContextVar[datetime | None] = ContextVar("spica_moment_of_destroy", default=None)
_records: ContextVar[tuple[Any, ...]] = ContextVar("spica_destroying", default=())


@contextmanager
def being_destroyed(record: Any) -> Iterator[None]:
    """Know a record as being destroyed, with those around it."""
    records, moment = _records.set((*_records.get(), record)), _moment.set(moment_of_destroy())
    try:
        yield
    finally:
        _records.reset(records)
        _moment.reset(moment)


def moment_of_destroy() -> datetime:
    """When the destroy began that this one is part of: what was deleted together has one time."""
    return _moment.get() or datetime.now(UTC)


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
