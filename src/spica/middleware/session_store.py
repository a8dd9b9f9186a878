"""The contracts of session stores; `session_stores/` has the implementations.

    SessionStore     what Session asks: from a cookie to a session, and back
    SessionRecords   what a store on a server keeps: records that requests of one session change at the same time

Rules of records:
- `change` touches what is named in it and nothing else, in one step, and never brings back a record that is gone: a
  logout beats whatever was still under way.
- Keys are digests: who reads the records can't sign in with them.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import NamedTuple, Protocol

from spica.config.settings import Settings
from spica.middleware.session_data import SessionData


class SessionStore(Protocol):
    """Keeps sessions between requests. What it returns from `save` is all that the visitor's cookie carries.

    `load` and `save` are plain; those of a store whose `waits` is true are awaited, and see `ServerStore`.
    """

    def bind(self, settings: Settings) -> None:
        """Take keys and addresses from the configuration, once, at boot."""

    def load(self, cookie: str, name: str) -> SessionData | Awaitable[SessionData | None] | None:
        """Return the session that a cookie stands for; None when there is none, or it was not made by us."""

    def save(self, session: SessionData, name: str, *, expires_at: int) -> str | Awaitable[str | None] | None:
        """Store a session if it changed and return the new value of the cookie; None when it stays as it is."""


class Record(NamedTuple):
    """A session as a store on a server keeps it; times are seconds since 1970, `parts` JSON by name."""

    key: str
    owner: str
    created_at: int
    seen_at: int
    expires_at: int
    parts: dict[str, str]


class Change(NamedTuple):
    """What a request changed: parts to set, with None those to remove; and the times it moves on."""

    parts: dict[str, str | None]
    owner: str
    seen_at: int
    expires_at: int


class SessionRecords(Protocol):
    """Where records are."""

    def bind(self, settings: Settings) -> None:
        """Take what it needs from the configuration, once, at boot."""

    async def find(self, key: str) -> Record | None:
        """The record of a key that hasn't expired."""

    async def create(self, record: Record) -> None:
        """Add a record with a key that is new."""

    async def change(self, key: str, change: Change) -> bool:
        """Apply a change to a record; False when there is none any more."""

    async def delete(self, key: str) -> bool:
        """Delete a record; False when there was none."""

    async def find_of(self, owner: str) -> list[Record]:
        """The records of an owner that haven't expired, the one seen last first."""

    async def delete_of(self, owner: str, keep: str = "") -> int:
        """Delete the records of an owner, but the one with the key `keep`. Returns how many there were."""
