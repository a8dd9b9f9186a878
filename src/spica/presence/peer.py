"""What this node knows of another: its entries as of one of its deltas, and what is missing.

Rules of this file:
- `entries` are exactly the peer's at `sequence`; UNKNOWN means that nothing is known yet, and there are none.
- All parts of states of one sequence hold the same entries in the same order: parts of several complete each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from spica.presence.entry import Entry
from spica.presence.message import Delta, Joined, State
from spica.presence.roster import Roster

UNKNOWN = -1
"""Less than any sequence: deltas count from 1, and a state without any has 0."""


class Peer:
    """Another node in one of its lives.

    Args:    node; incarnation; roster: where its entries are listed; now: when it was first heard of.
    """

    __slots__ = ("_parts", "_prefix", "_roster", "asked_at", "digest", "entries", "heard_at", "incarnation",
                 "is_wanted", "node", "sequence")  # fmt: skip

    def __init__(self, node: str, incarnation: int, roster: Roster, now: float) -> None:
        self.node = node
        self.incarnation = incarnation
        self.sequence = UNKNOWN
        self.entries: dict[int, Entry] = {}
        self.digest = 0
        self.heard_at = now
        self.asked_at = float("-inf")
        self.is_wanted = False
        self._roster = roster
        self._prefix = reference_prefix(node, incarnation)
        self._parts: _Parts | None = None

    def apply(self, delta: Delta) -> bool:
        """Apply a delta; an old one changes nothing. Returns whether it fitted to what is known."""
        if delta.sequence > self.sequence + 1:
            return False
        if delta.sequence == self.sequence + 1:
            for number in delta.leaves:
                self._remove(number)
            for entry in self._read(delta.joins):
                self._add(entry)
            self._known(delta.sequence)
        return True

    def take(self, state: State) -> bool:
        """Take a part of its whole state. Returns whether it helped: it was not needed, or there are more to come."""
        if state.sequence < self.sequence or (state.sequence == self.sequence and not self.is_wanted):
            return True
        if self._parts is None or self._parts.sequence < state.sequence or self._parts.count != state.parts:
            self._parts = _Parts(state.sequence, state.parts)
        elif self._parts.sequence > state.sequence:
            return True
        has_come_in_order = self._parts.add(state)
        if self._parts.is_whole:
            self._replace(self._parts.topics())
            self._known(state.sequence)
            return True
        return has_come_in_order

    def matches(self, sequence: int, digest: int) -> bool:
        """Whether a heartbeat tells nothing new."""
        return sequence < self.sequence or (sequence == self.sequence and digest == self.digest)

    def clear(self) -> None:
        """Take its entries out of the roster: it is gone."""
        self._replace({})

    def _known(self, sequence: int) -> None:
        self.sequence = sequence
        self.is_wanted = False
        self._parts = None

    def _replace(self, topics: Mapping[str, Iterable[Joined]]) -> None:
        """Exchange all entries; those that stay are not touched, so nobody sees them leave."""
        entries = {entry.number: entry for entry in self._read(topics)}
        for number, entry in list(self.entries.items()):
            if number not in entries or entries[number].meta != entry.meta:
                self._remove(number)
        for number, entry in entries.items():
            if number not in self.entries:
                self._add(entry)

    def _read(self, topics: Mapping[str, Iterable[Joined]]) -> Iterator[Entry]:
        for topic, joined in topics.items():
            for key, number, meta in joined:
                yield Entry(topic, key, number, f"{self._prefix}{number}", meta)

    def _add(self, entry: Entry) -> None:
        self.entries[entry.number] = entry
        self.digest += entry.mark
        self._roster.add(entry)

    def _remove(self, number: int) -> None:
        entry = self.entries.pop(number, None)
        if entry is not None:
            self.digest -= entry.mark
            self._roster.remove(entry)


class _Parts:
    """The parts of a state that have come so far."""

    def __init__(self, sequence: int, count: int) -> None:
        self.sequence = sequence
        self.count = count
        self._topics: dict[int, dict[str, list[Joined]]] = {}

    def add(self, state: State) -> bool:
        """Returns whether all parts before it are there."""
        self._topics[state.part] = state.topics
        return len(self._topics) > state.part

    @property
    def is_whole(self) -> bool:
        return len(self._topics) >= self.count

    def topics(self) -> dict[str, list[Joined]]:
        """The topics of all parts; one that is in several is put together."""
        whole: dict[str, list[Joined]] = {}
        for topics in self._topics.values():
            for topic, joined in topics.items():
                whole.setdefault(topic, []).extend(joined)
        return whole


def reference_prefix(node: str, incarnation: int) -> str:
    """What the references of a node's entries begin with; their number follows."""
    return f"{node}.{incarnation}."
