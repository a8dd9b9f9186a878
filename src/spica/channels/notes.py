"""Notes: lines of development's log for what clients are refused; their browsers show nothing of it.

Rules of this file:
- A note has names and reasons, no values: payloads hold what is nobody's business.
- Nothing of this runs in production, where a client could fill the log. Tests that are refused are told it by the kit.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import TypeAlias

from spica.channels.compiled import CompiledChannel, CompiledSocket
from spica.channels.message import JOIN, PHOENIX, Message
from spica.errors import closest

_MAX_NAMES = 100
"""Of a payload: who looks at a note has sent few."""

Note: TypeAlias = Callable[[str, dict[str, str]], None]
"""Called with what was refused, and the facts by name."""


def describe_note(
    socket: CompiledSocket, channel: CompiledChannel | None, message: Message, response: object
) -> tuple[str, dict[str, str]]:
    """What to note of an answer that refuses a join or a message.

    Args:    socket: what the client is connected to; channel: the one it has joined the topic of, None without one;
             message: what it sent; response: what it is told.
    """
    is_join = message.event == JOIN
    facts = (
        {"topic": message.topic[:255]} if is_join else {"message": message.event[:255], "topic": message.topic[:255]}
    )
    reason = response.get("reason") if isinstance(response, Mapping) else None
    facts["reason"] = str(reason if reason is not None else type(response).__name__)
    errors = response.get("errors") if isinstance(response, Mapping) else None
    fields = [one for one in errors if _is_of_a_field(one)] if isinstance(errors, list) else []
    if isinstance(errors, list):
        facts["errors"] = "; ".join(f"{one['name']} {one['message']}" for one in fields)
    hint = _find_misspelt(message.payload, fields) or _find_hint(socket, channel, message)
    if hint:
        facts["hint"] = hint
    return ("join refused" if is_join else "message refused"), facts


def _is_of_a_field(error: object) -> bool:
    return isinstance(error, Mapping) and "name" in error and "message" in error


def _find_misspelt(payload: object, errors: list[Mapping[str, str]]) -> str:
    """The names of a payload that may stand for those which it lacks."""
    if not isinstance(payload, dict):
        return ""
    lacking = [one["name"] for one in errors if one.get("code") == "missing"]
    given = [name for name in itertools.islice(payload, _MAX_NAMES) if name not in lacking]
    pairs = [(name, near[0][:255]) for name in lacking if (near := closest(name, given, limit=1))]
    return "; ".join(f"did you mean {name} instead of {near}?" for name, near in pairs)


def _find_hint(socket: CompiledSocket, channel: CompiledChannel | None, message: Message) -> str:
    name, found = socket.kind.__name__, socket.topics.find(message.topic)
    if channel is not None:
        event, known = message.event, list(channel.messages)
        if event == JOIN or event in channel.messages:
            return ""
        near = closest(event, known)
        return f"did you mean {' or '.join(near)}?" if near else _list(f"{channel.kind.__name__} answers", known)
    if found is None:
        topics = [text for one in socket.kind.channels for text in one.topics]
        near = [] if message.topic == PHOENIX else closest(message.topic, topics)
        return f"did you mean {' or '.join(near)}?" if near else _list(f"the channels of {name} take", topics)
    return "" if message.event == JOIN else "the client has not joined the topic, or its join was refused or has ended"


def _list(start: str, names: list[str]) -> str:
    return f"{start} {', '.join(names) or 'nothing'}"
