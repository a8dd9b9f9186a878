"""The tracker of the application that was started last: what `ChatChannel.presence(topic)` reads."""

from __future__ import annotations

from spica.presence.errors import NoPresence
from spica.presence.tracker import Tracker

_current: Tracker | None = None


def use(tracker: Tracker | None) -> Tracker | None:
    """Make a tracker the one of this process, None for none. Returns the one it replaces."""
    global _current  # one tracker a process is what this module is for
    previous, _current = _current, tracker
    return previous


def current() -> Tracker:
    """The tracker of the application that was started last. Raises NoPresence before any was."""
    if _current is None:
        raise NoPresence(
            "no application with channels was started in this process, so nobody knows who is there",
            why="a process learns it from the others when its application starts",
            fix="in a script: await app.startup() and app.learn_presence() first, and app.shutdown() at the end",
        )
    return _current
