"""Event: what a broadcast is to those who hear it.

Rules of this file:
- A payload is encoded once, where it was broadcast, and decoded at most once in a process, when somebody asks for it.
  Who only passes it on takes `json`.
- Every subscriber of a process is given the same event, and the same payload: don't change what is in it.
- `sender` stays in the process that broadcast: it is how one client is left out, and an object means nothing elsewhere.
"""

from __future__ import annotations

from typing import Any

import msgspec

_decode = msgspec.json.Decoder().decode


class Event(msgspec.Struct, frozen=True, eq=False):
    """One broadcast.

    Args:    topic, name: as they were broadcast; node: the name of the bus that published it; sequence: grows with each
             broadcast of that bus; content: the payload as JSON, or its octets when `is_binary`; sender: who is left
             out, None elsewhere than on that node.
    Example:
        >>> event = Event("room:7", "new_msg", "a1", 3, b'{"body":"hello"}')
        >>> event.payload, event.id
        ({'body': 'hello'}, 'a1-3')
    """

    topic: str
    name: str
    node: str
    sequence: int
    content: bytes
    is_binary: bool = False
    sender: Any = None
    _decoded: Any = msgspec.UNSET

    @property
    def id(self) -> str:
        """The event's own name, which grows per publisher: `<node>-<sequence>`."""
        return f"{self.node}-{self.sequence}"

    @property
    def json(self) -> bytes:
        """The payload as JSON; b"" when octets were broadcast."""
        return b"" if self.is_binary else self.content

    @property
    def payload(self) -> Any:
        """What the payload is after its way through JSON: dicts, lists, texts, numbers; or the octets."""
        if self.is_binary:
            return self.content
        if self._decoded is msgspec.UNSET:
            msgspec.structs.force_setattr(self, "_decoded", _decode(self.content))
        return self._decoded

    def __repr__(self) -> str:
        return f"<Event {self.id} {self.name!r} on {self.topic!r}, {len(self.content)} octets>"
