"""One client that is in a topic under a key, and the JSON that clients get of many.

Rules of this file:
- An entry never changes: an update is another entry, with a reference of its own. So a reference names a version.
- `meta` is the JSON object that clients get, with `phx_ref` in it; it is encoded once, by the node that owns it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zlib import crc32

import msgspec

_encode = msgspec.json.encode
_decode = msgspec.json.decode

REFERENCES = ("phx_ref", "phx_ref_prev")
"""What Spica writes into a meta itself."""


class Entry:
    """One client of a topic.

    Args:    topic; key: whom it stands for, such as a user's id; several may have the same; number: of this entry among
             all of its owner; ref: unique among all nodes; meta: a JSON object, which has the reference as `phx_ref`.
    """

    __slots__ = ("key", "meta", "number", "ref", "topic")

    def __init__(self, topic: str, key: str, number: int, ref: str, meta: bytes) -> None:
        self.topic = topic
        self.key = key
        self.number = number
        self.ref = ref
        self.meta = meta

    def __repr__(self) -> str:
        return f"Entry({self.topic!r}, {self.key!r}, {self.ref!r}, {self.meta!r})"

    @property
    def mark(self) -> int:
        """What it adds to the digest of its owner's entries: a digest is a sum, so their order makes no difference."""
        return crc32(self.meta, self.number & 0xFFFF_FFFF)

    def given(self) -> dict[str, Any]:
        """The meta as the application gave it."""
        meta: dict[str, Any] = _decode(self.meta)
        for name in REFERENCES:
            meta.pop(name, None)
        return meta


def with_references(meta: bytes, ref: str, previous: str = "") -> bytes:
    """Put an entry's reference into its meta, and that of the entry which it replaces.

    Args:    meta: a JSON object without either.
    Example:
        >>> with_references(b'{"name":"Ann"}', "n.1", "n.0")
        b'{"phx_ref":"n.1","phx_ref_prev":"n.0","name":"Ann"}'
    """
    references = b'{"phx_ref":' + _encode(ref) + (b',"phx_ref_prev":' + _encode(previous) if previous else b"")
    return references + (b"}" if meta == b"{}" else b"," + meta[1:])


def listed(entries: Iterable[Entry]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The entries by key, as values: `{key: {"metas": [meta, ...]}}`."""
    keys: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for entry in entries:
        keys.setdefault(entry.key, {"metas": []})["metas"].append(_decode(entry.meta))
    return keys


def render_entries(entries: Iterable[Entry]) -> bytes:
    """The entries by key, as JSON: what phoenix.js gets as `presence_state`, and twice in a `presence_diff`."""
    keys: dict[str, list[bytes]] = {}
    for entry in entries:
        metas = keys.get(entry.key)
        if metas is None:
            keys[entry.key] = [entry.meta]
        else:
            metas.append(entry.meta)
    return b"{" + b",".join([b'%b:{"metas":[%b]}' % (_encode(key), b",".join(m)) for key, m in keys.items()]) + b"}"


def render_diff(joins: Iterable[Entry], leaves: Iterable[Entry]) -> bytes:
    """What changed in a topic, as JSON: the `presence_diff` of phoenix.js. An update is in both."""
    return b'{"joins":%b,"leaves":%b}' % (render_entries(joins), render_entries(leaves))
