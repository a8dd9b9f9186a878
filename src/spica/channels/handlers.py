"""Handlers: the marks that make methods of a channel answer events, and how they are found.

Rules of this file:
- A mark notes the method in its class, so that several may have the name `_`, and on itself, for marks that were made
  within a decorator of the user's.
- A subclass that overrides a method keeps its events, with or without a mark of its own; one that marks another method
  for an event replaces the one before.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Never, TypeAlias, TypeVar

from spica.channels.errors import InvalidHandler
from spica.channels.keywords import refuse_unknown
from spica.channels.message import CLOSE, ERROR, HEARTBEAT, JOIN, LEAVE, REPLY
from spica.injection.signature import describe_place, remember_names

Method = TypeVar("Method", bound=Callable[..., Any])
Kind: TypeAlias = Literal["message", "broadcast", "info"]

MARKS = "__spica_marks__"
_SELF = frozenset({"self", "this", "me", "channel", "socket", "_", "_self"})
"""What a first parameter is called; whatever has another name was meant to be filled."""
RESERVED = frozenset({JOIN, LEAVE, REPLY, CLOSE, ERROR, HEARTBEAT})


@dataclass(frozen=True, slots=True)
class Mark:
    """What a method of a channel answers: events of a kind. `replies`: whether the client is told that it has run."""

    kind: Kind
    events: tuple[str, ...]
    replies: bool
    function: Callable[..., Any]


def on(*events: str, reply: bool = True, **unknown: Never) -> Callable[[Method], Method]:
    """Answer a client's messages: what the method returns is the reply, None an empty one.

    Args:    events: their names; reply: whether the client is told at all.
    Example:
        >>> from spica import Channel, on
        >>> class Chat(Channel, topic="room:{room_id:int}"):
        ...     @on("new_msg")
        ...     async def new_msg(self, body: str) -> None:
        ...         await self.broadcast("new_msg", {"body": body})
    """
    refuse_unknown("on", unknown, ("reply",))
    return _mark("message", events, replies=reply)


def on_broadcast(*events: str, **unknown: Never) -> Callable[[Method], Method]:
    """Be called with what is broadcast to the channel's topic, instead of its being sent to this client.

    The method gets the payload, which is the same object for all who get it: don't change it. It may push.
    """
    refuse_unknown("on_broadcast", unknown)
    return _mark("broadcast", events, replies=False)


def on_info(*events: str, **unknown: Never) -> Callable[[Method], Method]:
    """Be called with what the server sends to this channel: by `send_after`, and from topics that it subscribed to."""
    refuse_unknown("on_info", unknown)
    return _mark("info", events, replies=False)


def find_marks(channel: type) -> Iterator[Mark]:
    """The handlers of a channel, those of its base classes first."""
    for cls in reversed(channel.__mro__):
        for mark in list_marks(cls):
            name = mark.function.__name__
            function = mark.function if name == "_" else getattr(channel, name, mark.function)
            yield Mark(mark.kind, mark.events, mark.replies, function)


def list_marks(cls: type) -> list[Mark]:
    """The marks of one class, in the order of its methods."""
    noted: list[Mark] = list(vars(cls).get(MARKS, ()))
    own = [mark for member in vars(cls).values() for mark in getattr(member, MARKS, ()) if inspect.isfunction(member)]
    return noted + [mark for mark in own if mark not in noted]


def check_function(function: object, what: str) -> None:
    """Refuse what can't be called as a handler. Raises InvalidHandler."""
    if not callable(function) or not inspect.isfunction(inspect.unwrap(function)):
        raise InvalidHandler(
            f"{what} is {function!r}, which is no method",
            fix="decorate a method of the channel: async def or def, with self",
        )
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise InvalidHandler(
            f"{what} yields",
            where=describe_place(function),
            why="a message has one reply, and there is nothing to be made of what is yielded",
            fix="push each piece: await self.push(event, piece)",
        )


def check_self(function: Callable[..., Any]) -> None:
    """Refuse a method that forgot its `self`. Raises InvalidHandler."""
    parameters = list(inspect.signature(function).parameters.values())
    first = parameters[0] if parameters else None
    if first is not None and (first.kind is first.VAR_POSITIONAL or first.name in _SELF):
        return
    is_async = inspect.iscoroutinefunction(inspect.unwrap(function))
    given = ", ".join(["self", *(str(one).replace("'", "") for one in parameters)])
    raise InvalidHandler(
        f"{function.__qualname__} has no self",
        where=describe_place(function),
        why="it is called as a method; what else it is given comes after self",
        fix=f"write {'async ' * is_async}def {function.__name__}({given})",
    )


def _mark(kind: Kind, events: tuple[str, ...], *, replies: bool) -> Callable[[Method], Method]:
    decorator = {"message": "on", "broadcast": "on_broadcast", "info": "on_info"}[kind]
    if events and inspect.isfunction(events[0]):  # @on, without its parentheses
        raise InvalidHandler(
            f"@{decorator} names no event",
            where=describe_place(events[0]),
            fix=f'write @{decorator}("{events[0].__name__}")',
        )

    def register(method: Method) -> Method:
        check_function(method, f"what @{decorator} decorates")
        if not events or not all(isinstance(event, str) and event for event in events):
            raise InvalidHandler(
                f"@{decorator} names no event",
                where=describe_place(method),
                fix=f'write @{decorator}("new_msg")',
            )
        if kind != "info" and (reserved := RESERVED.intersection(events)):
            raise InvalidHandler(
                f"@{decorator} names {sorted(reserved)[0]!r}, an event of the protocol",
                where=describe_place(method),
                why="joining and leaving are answered by the methods join and leave",
                fix="give the event another name",
            )
        remember_names(method)
        mark = Mark(kind, events, replies, method)
        method.__dict__.setdefault(MARKS, []).append(mark)
        body = sys._getframe(1).f_locals  # of the class, which is not made yet
        if "__qualname__" in body:
            body.setdefault(MARKS, []).append(mark)
        return method

    return register
