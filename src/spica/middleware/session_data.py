"""SessionData: the dict behind `ctx.session`, with what a session has besides its values.

Rules: values are what JSON can carry. Changes are found by comparing at the end of the request, so a change deep inside
(`session["cart"].append(7)`) is saved like any other and reading alone writes nothing.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec

from spica.middleware.errors import UnstorableSession
from spica.middleware.flash import Flash
from spica.security.tokens import random_token


class Stored(msgspec.Struct, array_like=True):
    """A session as it is stored; times are seconds since 1970."""

    id: str
    created_at: int
    seen_at: int
    csrf_secret: str | None
    flash: dict[str, str]
    values: dict[str, Any]


class SessionData(dict[str, Any]):
    """The session of one visitor.

    Args:    stored: what a store loaded, None for a new session; octets: its encoded form, to find changes.
    """

    __slots__ = ("_flash", "_messages", "_octets", "created_at", "csrf_secret", "id", "seen_at")

    def __init__(self, stored: Stored | None = None, octets: bytes = b"") -> None:
        super().__init__(stored.values if stored else {})
        now = int(time.time())
        self.id = stored.id if stored else ""
        self.created_at = stored.created_at if stored else now
        self.seen_at = stored.seen_at if stored else now
        self.csrf_secret = stored.csrf_secret if stored else None
        self._messages = stored.flash if stored else {}
        self._flash: Flash | None = None
        self._octets = octets

    @property
    def flash(self) -> Flash:
        """The messages that are shown once."""
        if self._flash is None:
            self._flash = Flash(self._messages)
        return self._flash

    @property
    def contents(self) -> bytes:
        """What it holds, without its times: the same octets for the same contents. Raises as encoding does."""
        return _encoder.encode((self.csrf_secret, self._left(), self))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to keep."""
        return not self and self.csrf_secret is None and not self._left()

    def rotate(self) -> None:
        """Begin a new session with the same values: call it at login, so that an id planted before is worth nothing.

        The CSRF secret is new as well: forms that were open before must be loaded again.
        """
        self.id = ""
        self.created_at = self.seen_at = int(time.time())
        self.csrf_secret = None

    def clear(self) -> None:
        """Forget the values and begin a new session: call it at logout. Flash messages stay."""
        super().clear()
        self.rotate()

    def encode(self) -> bytes | None:
        """Encode the session for a store; None when nothing changed since it was loaded.

        Raises:  UnstorableSession naming the value that has no JSON form.
        """
        if not self.id:
            self.id = random_token(16)
        stored = Stored(self.id, self.created_at, self.seen_at, self.csrf_secret, self._left(), self)
        try:
            octets = _encoder.encode(stored)
        except (TypeError, ValueError, RecursionError) as error:
            raise UnstorableSession(
                f"the session can't be stored: {error}",
                where=_culprit(self),
                why="a session holds what JSON can carry: text, numbers, true, false, None, lists and dicts",
                fix='store an id and load the object where it is needed: session["user_id"] = user.id',
            ) from error
        return None if octets == self._octets else octets

    @classmethod
    def decode(cls, octets: bytes) -> SessionData | None:
        """Rebuild a session from its encoded form; None when it isn't one."""
        try:
            return cls(_decoder.decode(octets), octets)
        except msgspec.DecodeError:
            return None

    def _left(self) -> dict[str, str]:
        return self._messages if self._flash is None else self._flash.left()


def _culprit(values: dict[str, Any]) -> str:
    """Name the key whose value can't be encoded."""
    for key, value in values.items():
        try:
            _encoder.encode({key: value})
        except (TypeError, ValueError, RecursionError):
            return f"session[{key!r}] is a {type(value).__qualname__}"
    return ""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Stored)


Session = SessionData
"""The name in signatures: `def cart(session: Session)`."""
