"""The bus of the application that was started last: what `from spica import pubsub` speaks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from spica.pubsub.errors import NoPubSub

if TYPE_CHECKING:  # an application that never broadcasts doesn't load it
    from spica.pubsub.bus import PubSub

Current: TypeAlias = "PubSub | Callable[[], PubSub] | None"
_current: Current = None


def use(bus: Current) -> Current:
    """Make a bus the one of this process, or what gives it when it is asked for; None for none.

    Returns: what it replaces; for tests.
    """
    global _current  # one bus a process is what this module is for
    previous, _current = _current, bus
    return previous


def current() -> PubSub:
    """The bus of the application that was started last. Raises NoPubSub before any was."""
    if _current is None:
        raise NoPubSub(
            "no application was started in this process, so there is nobody to broadcast for",
            why="pubsub.broadcast and pubsub.subscribe are those of the application that was started last",
            fix="in a script: async with app.pubsub as bus: await bus.broadcast(...)",
        )
    return _current() if callable(_current) else _current
