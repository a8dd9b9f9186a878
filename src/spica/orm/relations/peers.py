"""Peers: the records that came of one query. What one of them loads, all of them get, by the same statement.

Rules of this file:
- Peers know each other weakly: a record that is kept keeps no other one.
- They take the slot of what is loaded, alone until something is: no record is larger for it.
- Only records of models with relations have peers, and only where there are several; others pay nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

from spica.db.driver import Row

PEERS = ""  # among what a record has loaded, where its peers are; no relation is called so

Load = Callable[[Sequence[Row]], list[Any]]


def as_peers(load: Load) -> Load:
    """Make a loader whose records know those that were loaded with them."""

    def load_peers(rows: Sequence[Row]) -> list[Any]:
        records = load(rows)
        if len(records) > 1:
            introduce(records)
        return records

    return load_peers


def introduce(records: list[Any]) -> None:
    """Make records the peers of each other."""
    peers = list(map(ref, records))
    for record in records:
        record._loaded = peers


def peers_of(record: Any) -> list[Any]:
    """List a record and those of its peers that still exist."""
    held = getattr(record, "_loaded", None)
    known = held.get(PEERS) if type(held) is dict else held
    return [record] if known is None else [peer for one in known if (peer := one()) is not None]
