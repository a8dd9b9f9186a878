"""Sessions that live on the server: the cookie carries a random id, and a record has the rest.

Rules:
- An id is 128 random bits. One that we didn't give out is never taken over, whoever sends it.
- What a request didn't change it doesn't write, so requests of one session at the same time keep each other's keys.
- A session that ended while a request was under way stays ended: what that request would save is dropped.
Source: OWASP session management cheat sheet; decision 14.
"""

from __future__ import annotations

import logging
import re
import time
from hashlib import sha256

from spica.config.settings import Settings
from spica.crypto.randomness import token_urlsafe
from spica.middleware.session_data import SessionData
from spica.middleware.session_store import Change, Record, SessionRecords
from spica.security import base64url

ID_BYTES = 16
_ID = re.compile(r"[A-Za-z0-9_-]{22}").fullmatch
_log = logging.getLogger("spica.middleware")


class ServerStore:
    """A session store over records.

    Args:    records: where they are.
    """

    waits = True

    def __init__(self, records: SessionRecords) -> None:
        self.records = records

    def bind(self, settings: Settings) -> None:
        """Hand the configuration to the records."""
        self.records.bind(settings)

    async def load(self, cookie: str, name: str) -> SessionData | None:
        """Find the record of a cookie."""
        if _ID(cookie) is None:
            return None
        record = await self.records.find(digest(cookie))
        if record is None or record.expires_at <= time.time():
            return None
        return SessionData.from_parts(cookie, record.owner, (record.created_at, record.seen_at), record.parts)

    async def save(self, session: SessionData, name: str, *, expires_at: int) -> str | None:
        """Write what changed; the id of a new session."""
        if session.id and session.id == session.loaded_id:
            await self._change(session, expires_at)
            new_id = None
        elif await self._end_loaded(session):
            new_id = session.id = token_urlsafe(ID_BYTES)
            times = (session.created_at, session.seen_at, expires_at)
            await self.records.create(Record(digest(new_id), session.owner, *times, session.encode_parts()))
        else:
            return None
        if session.ends_others and session.owner:
            await self.records.delete_of(session.owner, keep=digest(session.id))
        return new_id

    async def end(self, session: SessionData) -> None:
        """Delete the record of a session that holds nothing any more."""
        if session.loaded_id:
            await self.records.delete(digest(session.loaded_id))

    async def _change(self, session: SessionData, expires_at: int) -> None:
        parts, loaded = session.encode_parts(), session.loaded_parts
        changed: dict[str, str | None] = {name: text for name, text in parts.items() if loaded.get(name) != text}
        changed.update(dict.fromkeys(loaded.keys() - parts.keys()))
        if not changed and session.seen_at == session.loaded_seen_at:
            return
        change = Change(changed, session.owner, session.seen_at, expires_at)
        if not await self.records.change(digest(session.id), change) and changed:
            _log.info("a session ended while a request was under way; what that changed is dropped")

    async def _end_loaded(self, session: SessionData) -> bool:
        """Delete the record that a rotated session had. Returns whether a new one may take over its values."""
        if not session.loaded_id:
            return True
        return await self.records.delete(digest(session.loaded_id)) or session.is_reset


def digest(id: str) -> str:
    """The key of a session's record."""
    return base64url.encode(sha256(id.encode()).digest())
