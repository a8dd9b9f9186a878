"""Compiled: what an application knows of its sockets and channels before the first of them is joined.

Rules of this file:
- Mistakes are collected over all channels of a socket and told together.
- Nothing here runs per message; what does was built by the modules this one calls.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spica.channels.binding import ChannelHost
from spica.channels.channel import Channel
from spica.channels.errors import InvalidHandler, InvalidSocket, InvalidTopicPattern
from spica.channels.handlers import Mark, check_self, find_marks, list_marks
from spica.channels.methods import ChannelMethod, build_listener, build_method
from spica.channels.socket import Socket
from spica.channels.topic import TopicPattern, TopicTable, find_duplicates, parse_topic
from spica.errors import SpicaError
from spica.injection.registry import Registry
from spica.injection.signature import describe_place


@dataclass(frozen=True, slots=True)
class CompiledChannel:
    """A channel's class with its methods, by the events they answer. `intercepts` are the broadcasts among them."""

    kind: type[Channel]
    join: ChannelMethod
    leave: Callable[..., Any]
    messages: Mapping[str, ChannelMethod]
    broadcasts: Mapping[str, ChannelMethod]
    infos: Mapping[str, ChannelMethod]
    intercepts: frozenset[str]


@dataclass(frozen=True, slots=True)
class CompiledSocket:
    """A socket's class with its channels by topic, and what was found wrong with them."""

    kind: type[Socket]
    topics: TopicTable[CompiledChannel]
    mistakes: list[SpicaError] = field(default_factory=list)


def compile_socket(kind: type[Socket], registry: Registry | None = None) -> CompiledSocket:
    """Compile a socket's channels; `registry` has the application's providers. Mistakes are in the result."""
    mistakes: list[SpicaError] = []
    entries: list[tuple[TopicPattern, CompiledChannel]] = []
    places: list[tuple[TopicPattern, object]] = []
    for channel in _list_channels(kind, mistakes):
        if not (isinstance(channel, type) and issubclass(channel, Channel)):
            name = getattr(channel, "__name__", repr(channel))
            mistakes.append(
                InvalidSocket(
                    f"{name} among the channels of {kind.__name__} is no channel",
                    where=describe_class(kind),
                    fix="list classes that are derived from spica.Channel",
                )
            )
            continue
        patterns = _read_patterns(channel, mistakes)
        compiled = _compile_channel(channel, kind, patterns, registry, mistakes)
        if compiled is not None:
            entries.extend((pattern, compiled) for pattern in patterns)
        places.extend((pattern, _Place(channel)) for pattern in patterns)
    mistakes.extend(find_duplicates(places))
    _check_socket(kind, mistakes)
    return CompiledSocket(kind, TopicTable(entries), mistakes)


def _check_socket(kind: type[Socket], mistakes: list[SpicaError]) -> None:
    try:
        if kind.connect is not Socket.connect:
            check_self(kind.connect)
        check_self(kind.disconnected)
        inspect.signature(kind.disconnected).bind(None, 1000, "")
    except InvalidHandler as mistake:
        mistakes.append(mistake)
    except TypeError:
        names = ", ".join(list(inspect.signature(kind.disconnected).parameters)[1:])
        mistakes.append(
            InvalidHandler(
                f"{kind.__name__}.disconnected takes {names or 'nothing'}",
                where=describe_place(kind.disconnected),
                why="it is called with the code and the reason of the end",
                fix="write async def disconnected(self, code: int, reason: str)",
            )
        )


def _list_channels(kind: type[Socket], mistakes: list[SpicaError]) -> Sequence[object]:
    if isinstance(kind.channels, list | tuple):
        return kind.channels
    given: object = kind.channels
    mistakes.append(
        InvalidSocket(
            f"the channels of {kind.__name__} are {getattr(given, '__name__', repr(given))}, which is no list",
            where=describe_class(kind),
            fix="list the classes: channels = [ChatChannel]",
        )
    )
    return ()


class _Place:
    """Where a class is, found out when a mistake is told: reading its source takes longer than compiling it."""

    __slots__ = ("_kind",)

    def __init__(self, kind: type) -> None:
        self._kind = kind

    def __str__(self) -> str:
        return describe_class(self._kind)


def describe_class(kind: type) -> str:
    """Name a class and where it is defined, for the `where` of an error."""
    try:
        file, (_, line) = Path(inspect.getfile(kind)), inspect.getsourcelines(kind)
    except (OSError, TypeError):
        return kind.__qualname__
    if file.is_relative_to(Path.cwd()):
        file = file.relative_to(Path.cwd())
    return f"{kind.__qualname__}  {file}:{line}"


def _read_patterns(channel: type[Channel], mistakes: list[SpicaError]) -> list[TopicPattern]:
    where = _Place(channel)
    if not channel.topics:
        mistakes.append(
            InvalidTopicPattern(
                f"{channel.__name__} has no topic",
                where=str(where),
                why="a channel is joined by its topic",
                fix=f'write class {channel.__name__}(Channel, topic="room:{{room_id:int}}")',
            )
        )
    patterns = []
    for text in channel.topics:
        try:
            patterns.append(parse_topic(text, where))
        except InvalidTopicPattern as mistake:
            mistakes.append(mistake)
    return patterns


def _compile_channel(
    channel: type[Channel],
    socket: type[Socket],
    patterns: list[TopicPattern],
    registry: Registry | None,
    mistakes: list[SpicaError],
) -> CompiledChannel | None:
    host = ChannelHost(
        patterns, [(Socket, socket, lambda call: call.channel.socket), (Channel, channel, lambda call: call.channel)]
    )
    found = len(mistakes)
    tables: dict[str, dict[str, ChannelMethod]] = {"message": {}, "broadcast": {}, "info": {}}
    for mark in _choose_marks(channel, mistakes):
        try:
            if mark.kind == "message":
                method = build_method(mark.function, host, registry, replies=mark.replies)
            else:
                method = build_listener(mark.function)
        except SpicaError as mistake:
            mistakes.append(mistake)
            continue
        tables[mark.kind].update(dict.fromkeys(mark.events, method))
    join = None
    try:
        join = build_method(_join if channel.join is Channel.join else channel.join, host, registry)
        _check_leave(channel)
    except SpicaError as mistake:
        mistakes.append(mistake)
    if join is None or len(mistakes) > found:
        return None
    broadcasts = tables["broadcast"]
    return CompiledChannel(
        channel, join, channel.leave, tables["message"], broadcasts, tables["info"], frozenset(broadcasts)
    )


def _choose_marks(channel: type[Channel], mistakes: list[SpicaError]) -> list[Mark]:
    """The marks that count; two of one class for the same event are a mistake."""
    for cls in channel.__mro__:
        seen: dict[tuple[str, str], Mark] = {}
        for mark in list_marks(cls):
            for event in mark.events:
                first = seen.setdefault((mark.kind, event), mark)
                if first is not mark:
                    mistakes.append(
                        InvalidHandler(
                            f"{cls.__name__} answers {event!r} twice",
                            where=f"{describe_place(first.function)}\n{describe_place(mark.function)}",
                            why="an event leads to one method, so the first is never called",
                            fix="give one of them another event, or make one method of both",
                        )
                    )
    return list(find_marks(channel))


def _join(self: Channel) -> None:
    """Stands in where a channel has no `join` of its own: everybody may."""


def _check_leave(channel: type[Channel]) -> None:
    names = list(inspect.signature(channel.leave).parameters)
    if len(names) != 2 or inspect.isgeneratorfunction(channel.leave) or inspect.isasyncgenfunction(channel.leave):
        raise InvalidHandler(
            f"{channel.__name__}.leave takes {', '.join(names[1:]) or 'nothing'}",
            where=describe_place(channel.leave),
            why="it is called with the reason, after the client is gone: there is no payload",
            fix="write async def leave(self, reason: str)",
        )
