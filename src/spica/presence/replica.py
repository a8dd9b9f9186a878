"""One node's part in presence: its own entries, what it knows of the others', and what it has to tell them.

Rules of this file:
- No clock and no bus: whoever owns it tells it what came (`receive`, `peer_changed`, `tick`) and takes what has to be
  published (`pull`) until there is nothing.
- A node's entries are its own to change. It numbers the deltas; the others apply them in order, and ask for the whole
  state when one is missing, when a heartbeat doesn't match, or when they hear of a node that they don't know.
- Nothing grows with history: what was not yet published is kept as what changed in sum, and a node that is gone is
  forgotten.
- Only a node that has entries sends heartbeats. One whose entries are gone has nothing to say, and its last delta may
  be lost: then its silence tells. Who asks all others is answered by those without entries too, so that it knows when
  nobody is left to wait for.

Source: ADR 0037 (why owner-numbered deltas and not a general CRDT).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from logging import getLogger

from spica.presence.entry import Entry, with_references
from spica.presence.message import AnyMessage, Ask, Delta, Goodbye, Heartbeat, Joined, Message, State
from spica.presence.peer import Peer, reference_prefix
from spica.presence.roster import Roster

TICKS_PER_HEARTBEAT = 6
SILENT_TICKS = 13
"""After how many ticks without a word a node is gone: two heartbeats, and one tick for what is on its way. As ticks are
looked at only at ticks, that is at most two heartbeats and a third of one after its last word."""

PART_BYTES = 256 * 1024
"""How large a message gets at about; the bus takes 1 MiB."""
_ENTRY_BYTES = 16  # what an entry's number and lengths take at most, beside its texts

log = getLogger("spica.presence")


class Replica:
    """What one node knows and says.

    Args:    node: unique among those that are there; incarnation: larger than in its earlier lives; roster: where all
             entries are listed; heartbeat_s: the same on all nodes.
    """

    def __init__(self, node: str, incarnation: int, roster: Roster, *, heartbeat_s: float = 1.5) -> None:
        self.node = node
        self.incarnation = incarnation
        self.tick_s = heartbeat_s / TICKS_PER_HEARTBEAT
        self._heartbeat_s = heartbeat_s
        self._roster = roster
        self._prefix = reference_prefix(node, incarnation)
        self._own: dict[int, Entry] = {}
        self._digest = 0
        self._numbered = 0
        self._sequence = 0
        self._peers: dict[str, Peer] = {}
        self._joined: dict[int, Entry] = {}
        self._left: set[int] = set()
        self._to_ask: set[str] = set()
        self._is_state_due = self._is_heartbeat_due = self._has_ended = False
        self._outbox: deque[AnyMessage] = deque()
        self._state_at = self._heartbeat_at = float("-inf")
        self._ticked_at: float | None = None

    @property
    def is_busy(self) -> bool:
        """Whether it needs ticks: somebody is tracked, here or elsewhere, or an answer is due."""
        return bool(self._own or self._peers or self._is_state_due) and not self._has_ended

    @property
    def is_pressed(self) -> bool:
        """Whether it may have something to publish."""
        return bool(
            self._joined or self._left or self._outbox or self._to_ask or self._is_state_due or self._is_heartbeat_due
        )

    @property
    def peers(self) -> Collection[str]:
        """The other nodes that it knows to have entries, or did until a moment ago."""
        return self._peers.keys()

    # What this node owns

    def join(self, topic: str, key: str, meta: bytes, *, previous: Entry | None = None) -> Entry:
        """Add an entry of this node.

        Args:    meta: a JSON object; previous: the own entry that it replaces.
        """
        self._numbered += 1
        number = self._numbered
        ref = f"{self._prefix}{number}"
        entry = Entry(topic, key, number, ref, with_references(meta, ref, previous.ref if previous else ""))
        if previous is not None:
            self.leave(previous)
        self._own[number] = self._joined[number] = entry
        self._digest += entry.mark
        self._roster.add(entry)
        return entry

    def leave(self, entry: Entry) -> None:
        """Remove an entry of this node; one that is gone already is no mistake."""
        if self._own.get(entry.number) is not entry:
            return
        del self._own[entry.number]
        if self._joined.pop(entry.number, None) is None:
            self._left.add(entry.number)
        self._digest -= entry.mark
        self._roster.remove(entry)

    # What happens

    def start(self) -> None:
        """Ask all others who is with them."""
        self._outbox.append(Ask(self.node, self.incarnation))

    def stop(self) -> None:
        """Say goodbye: the others drop what is here at once. Nothing is published after it."""
        self._outbox.clear()
        self._outbox.append(Goodbye(self.node, self.incarnation))
        self._has_ended = True
        for peer in self._peers.values():
            peer.clear()
        self._peers.clear()
        for entry in list(self._own.values()):
            self.leave(entry)

    def receive(self, message: AnyMessage, now: float) -> None:
        """Take a message of another node. Args: now: seconds of any clock that doesn't go back."""
        if message.node == self.node or self._has_ended:
            return
        if isinstance(message, Ask):
            if message.to in (self.node, ""):
                self._is_state_due = True
            return
        peer = self._peers.get(message.node)
        if peer is None and isinstance(message, State) and not message.topics:
            return  # what is known of it already: nobody
        if peer is not None and message.incarnation < peer.incarnation:
            return
        if isinstance(message, Goodbye):
            self._forget(message.node)
            return
        if peer is None or message.incarnation > peer.incarnation:
            self._forget(message.node)
            peer = self._peers[message.node] = Peer(message.node, message.incarnation, self._roster, now)
        peer.heard_at = now
        if not self._has_learned(peer, message):
            self._want(peer, now)

    def peer_changed(self, node: str, is_there: bool) -> None:
        """The bus noticed that another process is there, or gone. One that is gone loses its entries at once."""
        if not is_there:
            self._forget(node)
        elif self._own:
            self._is_heartbeat_due = True

    def expect_tick(self, now: float) -> None:
        """Take note that the next tick comes in `tick_s`: it has just become busy."""
        self._ticked_at = now

    def tick(self, now: float) -> None:
        """Look at the clock: who is silent, what is due. To be called each `tick_s` while it is busy."""
        late = now - self._ticked_at - self.tick_s if self._ticked_at is not None else 0.0
        self._ticked_at = now if self.is_busy else None
        for peer in list(self._peers.values()):
            if late > self.tick_s:  # this process stood still: what others said meanwhile is still to be read
                peer.heard_at = min(now, peer.heard_at + late)
            if now - peer.heard_at > SILENT_TICKS * self.tick_s:
                if peer.entries:
                    log.warning("node %s is silent: its %d presences are dropped", peer.node, len(peer.entries))
                self._forget(peer.node)
            elif peer.is_wanted:
                self._want(peer, now)
        if self._own and now >= self._heartbeat_at:
            self._heartbeat_at = now + self._heartbeat_s - self.tick_s / 2  # a tick that comes a little early counts
            self._is_heartbeat_due = True

    # What it says

    def pull(self, now: float) -> AnyMessage | None:
        """What has to be published next; None when nothing is. What was pulled and can't be sent may be dropped."""
        if not self._outbox and not self._has_ended:
            self._fill(now)
        return self._outbox.popleft() if self._outbox else None

    def _fill(self, now: float) -> None:
        """Put what is due into the outbox, in an order in which each message fits to those before it."""
        for node in self._to_ask:
            self._outbox.append(Ask(self.node, self.incarnation, node))
        self._to_ask.clear()
        if self._joined or self._left:
            self._close_delta()
        # One answer for all who ask meanwhile; that there is nobody costs nothing, and those who start wait for it.
        if self._is_state_due and (now - self._state_at >= self.tick_s or not self._own):
            self._is_state_due = False
            self._state_at = now
            parts = list(_cut(self._own.values()))
            for part, topics in enumerate(parts):
                self._outbox.append(State(self.node, self.incarnation, self._sequence, part, len(parts), topics))
        if self._is_heartbeat_due:
            self._is_heartbeat_due = False
            self._outbox.append(Heartbeat(self.node, self.incarnation, self._sequence, self._digest))

    def _close_delta(self) -> None:
        """Give what changed its number. Where nothing else is left, or it is too large for a message, the whole state
        is told instead: that is not longer, and nobody has to have heard anything before it."""
        self._sequence += 1
        parts = list(_cut(self._joined.values()))
        if len(self._joined) == len(self._own) or len(parts) > 1 or len(self._left) * _ENTRY_BYTES > PART_BYTES:
            self._is_state_due = True
            self._state_at = float("-inf")
        else:
            self._outbox.append(Delta(self.node, self.incarnation, self._sequence, parts[0], sorted(self._left)))
        self._joined.clear()
        self._left.clear()

    # What follows from what it hears

    def _has_learned(self, peer: Peer, message: Message) -> bool:
        """Take what a message tells of its node. Returns False when more is needed."""
        if isinstance(message, Delta):
            return peer.apply(message)
        if isinstance(message, State):
            return peer.take(message)
        assert isinstance(message, Heartbeat)
        if message.sequence == peer.sequence and message.digest != peer.digest:
            log.error("what is known of node %s is not what it has; it is asked again", peer.node)
        return peer.matches(message.sequence, message.digest)

    def _want(self, peer: Peer, now: float) -> None:
        """Ask a node for its state, and again while it doesn't come, but not for each message that doesn't fit."""
        peer.is_wanted = True
        if now - peer.asked_at >= self._heartbeat_s / 2:
            peer.asked_at = now
            self._to_ask.add(peer.node)

    def _forget(self, node: str) -> None:
        peer = self._peers.pop(node, None)
        self._to_ask.discard(node)
        if peer is not None:
            peer.clear()


def _cut(entries: Iterable[Entry]) -> Iterator[dict[str, list[Joined]]]:
    """Cut entries into parts that fit into a message, by topic; one empty part when there are none."""
    topics: dict[str, list[Joined]] = {}
    size = 0
    is_first = True
    for entry in entries:
        joined = topics.get(entry.topic)
        if joined is None:
            joined = topics[entry.topic] = []
            size += len(entry.topic) * 4
        joined.append((entry.key, entry.number, entry.meta))
        size += len(entry.meta) + len(entry.key) * 4 + _ENTRY_BYTES
        if size >= PART_BYTES:
            yield topics
            topics, size, is_first = {}, 0, False
    if topics or is_first:
        yield topics
