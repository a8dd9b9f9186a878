"""Callbacks: methods of a model that run around `save` and `destroy`.

Rules of this file:
- Order of a save: before_validation, validation, before_save, around_save up to its `yield`, before_create or
  before_update, around_create or around_update up to its `yield`, the statement; then back the other way. Within one
  event, the order in the class; a base class comes first.
- A model with callbacks of an event saves in a transaction: an exception in one undoes the statement too.
- A before_* or around_* callback that adds to `errors` stops the save, which then answers False.
- after_commit and after_rollback wait for the outermost transaction; each save and each destroy has its own.
- A callback may be `def` or `async def`; one around a save is a generator with one `yield`, or gives a context manager.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from inspect import isasyncgenfunction, isawaitable, iscoroutinefunction, isgeneratorfunction
from typing import Any, Literal, NamedTuple, TypeVar, overload

from spica.orm.errors import ModelDefinitionError

Event = Literal[
    "before_validation",
    "validate",
    "before_save",
    "around_save",
    "after_save",
    "before_create",
    "around_create",
    "after_create",
    "before_update",
    "around_update",
    "after_update",
    "before_destroy",
    "around_destroy",
    "after_destroy",
    "after_commit",
    "after_create_commit",
    "after_update_commit",
    "after_destroy_commit",
    "after_rollback",
]
Condition = str | Callable[[Any], object]

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__spica_events__"


class Callback(NamedTuple):
    """A method of a model and when it runs: `condition` is a method's or field's name, or takes the record."""

    name: str
    condition: Condition | None = None


Callbacks = Mapping[str, tuple[Callback, ...]]  # by event


class Marker:
    """A decorator for one event: `@before_save`, or `@before_save(if_="published")`."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self.__name__ = event
        self.__doc__ = f"Decorate a model's method to run at {event.replace('_', ' ')}."

    @overload
    def __call__(self, method: F) -> F: ...

    @overload
    def __call__(self, *, if_: Condition) -> Callable[[F], F]: ...

    def __call__(self, method: F | None = None, *, if_: Condition | None = None) -> F | Callable[[F], F]:
        """Mark a method.

        Args:    if_: runs it only where this holds: the name of a method or a field, or a function of the record.
        """
        if method is None:
            return lambda method: self._mark(method, if_)
        return self._mark(method, if_)

    def _mark(self, method: F, condition: Condition | None) -> F:
        if self.event.startswith("around_") and iscoroutinefunction(method):
            raise ModelDefinitionError(
                f"{method.__qualname__} can't run around a save",
                why="it never yields, so nothing says where the save happens",
                fix="write `yield` where the record is to be saved",
            )
        marks = getattr(method, _MARK, ())
        setattr(method, _MARK, (*marks, (self.event, condition)))
        return method


before_validation = Marker("before_validation")
before_save = Marker("before_save")
around_save = Marker("around_save")
after_save = Marker("after_save")
before_create = Marker("before_create")
around_create = Marker("around_create")
after_create = Marker("after_create")
before_update = Marker("before_update")
around_update = Marker("around_update")
after_update = Marker("after_update")
before_destroy = Marker("before_destroy")
around_destroy = Marker("around_destroy")
after_destroy = Marker("after_destroy")
after_commit = Marker("after_commit")
after_create_commit = Marker("after_create_commit")
after_update_commit = Marker("after_update_commit")
after_destroy_commit = Marker("after_destroy_commit")
after_rollback = Marker("after_rollback")
validate = Marker("validate")
validate.__doc__ = "Decorate a model's method that looks at the record and adds to `self.errors`."


def collect_callbacks(inherited: Callbacks, namespace: Mapping[str, Any]) -> dict[str, tuple[Callback, ...]]:
    """Find the marked methods of a class body and add them to those of its bases."""
    found = dict(inherited)
    for name, member in namespace.items():
        for event, condition in getattr(member, _MARK, ()):
            by_name = {callback.name: callback for callback in found.get(event, ())}
            by_name[name] = Callback(name, condition)  # one marked again in a subclass keeps its place
            found[event] = tuple(by_name.values())
    return found


async def run_callbacks(record: Any, callbacks: Callbacks, *events: str) -> None:
    """Run the callbacks of some events on a record, in order."""
    for event in events:
        for callback in callbacks.get(event, ()):
            if callback.condition is None or await holds(record, callback.condition):
                result = getattr(record, callback.name)()
                if isawaitable(result):
                    await result


@asynccontextmanager
async def around_callbacks(record: Any, callbacks: Callbacks, event: str) -> AsyncIterator[None]:
    """Run the callbacks around an event: each up to its `yield`, then the block, then the rest of each, last first."""
    async with AsyncExitStack() as stack:
        for callback in callbacks.get(event, ()):
            if callback.condition is None or await holds(record, callback.condition):
                manager = _open(getattr(record, callback.name))
                if hasattr(manager, "__aenter__"):
                    await stack.enter_async_context(manager)
                else:
                    stack.enter_context(manager)
        yield


async def holds(record: Any, condition: Condition) -> bool:
    """Whether an `if_=` holds for a record."""
    found: Any = getattr(record, condition) if isinstance(condition, str) else condition
    if callable(found):
        found = found() if isinstance(condition, str) else found(record)
    if isawaitable(found):
        found = await found
    return bool(found)


def _open(method: Callable[..., Any]) -> Any:
    if isasyncgenfunction(method):
        return asynccontextmanager(method)()
    if isgeneratorfunction(method):
        return contextmanager(method)()
    return method()
