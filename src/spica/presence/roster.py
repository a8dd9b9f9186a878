"""All entries that this node knows, by topic, and what changed among them since somebody asked.

Rules of this file:
- Changes are net: what came and went in between is in neither list, so there are never more than entries that are here
  or were here when the changes were last taken, or that somebody was shown.
- Who was shown an entry that others have yet to be told of has to be told when it goes: it is not netted out then.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from spica.presence.entry import Entry

Entries = dict[str, Entry]


class Change(NamedTuple):
    """What changed in one topic: entries by their reference."""

    joins: Entries
    leaves: Entries


class Roster:
    """Who is in which topic, as far as this node knows."""

    def __init__(self) -> None:
        self._topics: dict[str, Entries] = {}
        self._changes: dict[str, Change] = {}
        self._shown: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._topics.values()))

    def entries(self, topic: str) -> Collection[Entry]:
        """Those of one topic, in the order in which this node got to know them; () when there are none."""
        entries = self._topics.get(topic)
        return entries.values() if entries else ()

    def show(self, topic: str) -> Collection[Entry]:
        """The same for somebody who is told of the changes from now on, and starts with what is given here."""
        change = self._changes.get(topic)
        if change is not None:
            self._shown.setdefault(topic, set()).update(change.joins, change.leaves)
        return self.entries(topic)

    @property
    def topics(self) -> Collection[str]:
        """The topics that somebody is in."""
        return self._topics.keys()

    @property
    def has_changed(self) -> bool:
        """Whether there is anything to take."""
        return bool(self._changes)

    def add(self, entry: Entry) -> None:
        """Let an entry join its topic."""
        self._topics.setdefault(entry.topic, {})[entry.ref] = entry
        self._note(entry, is_join=True)

    def remove(self, entry: Entry) -> None:
        """Let an entry leave its topic; it must be there."""
        entries = self._topics[entry.topic]
        del entries[entry.ref]
        if not entries:
            del self._topics[entry.topic]
        self._note(entry, is_join=False)

    def take_changes(self) -> dict[str, Change]:
        """What changed since the last time, by topic."""
        changes, self._changes = self._changes, {}
        self._shown.clear()
        return changes

    def _note(self, entry: Entry, *, is_join: bool) -> None:
        topic = entry.topic
        change = self._changes.get(topic)
        if change is None:
            change = self._changes[topic] = Change({}, {})
        same, opposite = change if is_join else (change.leaves, change.joins)
        if opposite.pop(entry.ref, None) is None or entry.ref in self._shown.get(topic, ()):
            same[entry.ref] = entry
        elif not same and not opposite:
            del self._changes[topic]
