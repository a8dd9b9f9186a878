"""Callbacks: methods of a model that run around `save` and `destroy`.

Rules of this file:
- Order of a save: before_validation, validation, before_save, before_create or before_update, the statement,
  after_create or after_update, after_save. Within one event, the order in the class; a base class comes first.
- A model with callbacks of an event saves in a transaction: an exception in one undoes the statement too.
- A before_* callback that adds to `errors` stops the save, which then answers False.
- A callback may be `def` or `async def`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any, Literal, TypeVar

Event = Literal[
    "before_validation",
    "before_save",
    "after_save",
    "before_create",
    "after_create",
    "before_update",
    "after_update",
    "before_destroy",
    "after_destroy",
    "validate",
]
Callbacks = Mapping[str, tuple[str, ...]]  # names of methods by event

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__spica_events__"


def _marker(event: Event) -> Callable[[F], F]:
    def mark(method: F) -> F:
        events = getattr(method, _MARK, ())
        setattr(method, _MARK, (*events, event))
        return method

    mark.__name__ = mark.__qualname__ = event
    mark.__doc__ = f"Decorate a model's method to run at {event.replace('_', ' ')}."
    return mark


before_validation = _marker("before_validation")
before_save = _marker("before_save")
after_save = _marker("after_save")
before_create = _marker("before_create")
after_create = _marker("after_create")
before_update = _marker("before_update")
after_update = _marker("after_update")
before_destroy = _marker("before_destroy")
after_destroy = _marker("after_destroy")
validate = _marker("validate")
validate.__doc__ = "Decorate a model's method that looks at the record and adds to `self.errors`."


def collect_callbacks(inherited: Callbacks, namespace: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Find the marked methods of a class body and add them to those of its bases."""
    found = dict(inherited)
    for name, member in namespace.items():
        for event in getattr(member, _MARK, ()):
            names = found.get(event, ())
            if name not in names:
                found[event] = (*names, name)
    return found


async def run_callbacks(record: Any, callbacks: Callbacks, *events: str) -> None:
    """Run the callbacks of some events on a record, in order."""
    for event in events:
        for name in callbacks.get(event, ()):
            result = getattr(record, name)()
            if isawaitable(result):
                await result
