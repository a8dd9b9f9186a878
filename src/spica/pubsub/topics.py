"""Topics: who listens to what in this process.

Rules of this file:
- Listeners are called in the order in which they came. One that fails is logged, and the others go on.
- Whoever unlistens is not called any more, also by an event that is being delivered.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from spica.pubsub.errors import InvalidTopic
from spica.pubsub.event import Event

MAX_NAME_CHARACTERS = 1_024
_log = logging.getLogger("spica.pubsub")

Listener = Callable[[Event], None]


class Topics:
    """The listeners of a process by topic."""

    def __init__(self) -> None:
        self._topics: dict[str, dict[_Listening, None]] = {}

    def listen(self, topic: str, listener: Listener) -> Callable[[], None]:
        """Call a function with each event of a topic. Returns what ends it; it may be called more than once."""
        listening = _Listening(listener)
        self._topics.setdefault(topic, {})[listening] = None

        def unlisten() -> None:
            listening.is_over = True
            listeners = self._topics.get(topic)
            # Those of now: the topic may have been left by all, and listened to again.
            if listeners is not None and listeners.pop(listening, listening) is None and not listeners:
                del self._topics[topic]

        return unlisten

    def deliver(self, event: Event) -> None:
        """Call everybody who listens to the event's topic."""
        listeners = self._topics.get(event.topic)
        if not listeners:
            return
        for listening in tuple(listeners):
            if listening.is_over:
                continue
            try:
                listening.call(event)
            except Exception:
                _log.exception("a listener of %r failed with the event %r", event.topic, event.name)

    def __len__(self) -> int:
        return len(self._topics)

    def __contains__(self, topic: str) -> bool:
        return topic in self._topics


class _Listening:
    """One listener of a topic: an object of its own, so that the same function can listen twice."""

    __slots__ = ("call", "is_over")

    def __init__(self, call: Listener) -> None:
        self.call = call
        self.is_over = False


def check_name(part: str, value: object) -> None:
    """Refuse what can't be a topic, or the name of an event. Raises InvalidTopic."""
    if not isinstance(value, str):
        raise InvalidTopic(
            f"the {part} is {value!r}",
            why="topics and names of events are compared as text, in every process",
            fix=f'write it as text: f"room:{{room.id}}" for a {part} of a room',
        )
    if not 1 <= len(value) <= MAX_NAME_CHARACTERS:
        raise InvalidTopic(
            f"the {part} has {len(value):,} characters: {value[:40]!r}",
            why=f"1 to {MAX_NAME_CHARACTERS:,} are possible",
            fix="name what is talked about, and put the rest into the payload",
        )
