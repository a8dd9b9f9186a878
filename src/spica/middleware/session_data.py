"""SessionData: the dict behind `ctx.session`, with what a session has besides its values.

Rules: values are what JSON can carry. Changes are found by comparing at the end of the request, so a change deep inside
(`session["cart"].append(7)`) is saved like any other and reading alone writes nothing.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec

from spica._core import random_text
from spica.middleware.errors import UnstorableSession
from spica.middleware.flash import Flash


class Stored(msgspec.Struct, array_like=True):
    """A session as it is stored; times are seconds since 1970."""

    id: str
    created_at: int
    seen_at: int
    csrf_secret: str | None
    flash: dict[str, str]
    values: dict[str, Any]
    owner: str = ""


class SessionData(dict[str, Any]):
    """The session of one visitor.

    Args:    stored: what a store loaded, None for a new session; octets: its encoded form, to find changes.
    `id` is "" until a new session is stored, `loaded_id` what it had when it was loaded; `owner` is whose it is, ""
    for a visitor who hasn't signed in; `is_reset`: nothing of what was loaded is left; `ends_others`: the owner's other
    sessions end when this one is stored.
    """

    __slots__ = (
        "_flash",
        "_messages",
        "_octets",
        "created_at",
        "csrf_secret",
        "ends_others",
        "id",
        "is_reset",
        "loaded_id",
        "loaded_parts",
        "loaded_seen_at",
        "owner",
        "seen_at",
    )

    def __init__(self, stored: Stored | None = None, octets: bytes = b"") -> None:
        if stored is None:
            now = int(time.time())
            stored = Stored("", now, now, None, {}, {})
        super().__init__(stored.values)
        self.id = self.loaded_id = stored.id
        self.owner = stored.owner
        self.is_reset = self.ends_others = False
        self.created_at = stored.created_at
        self.seen_at = self.loaded_seen_at = stored.seen_at
        self.loaded_parts: dict[str, str] = {}
        self.csrf_secret = stored.csrf_secret
        self._messages = stored.flash
        self._flash: Flash | None = None
        self._octets = octets

    @property
    def flash(self) -> Flash:
        """The messages that are shown once."""
        if self._flash is None:
            self._flash = Flash(self._messages)
        return self._flash

    @property
    def has_messages(self) -> bool:
        """Whether there is a message to show, or may be one; asking makes no `flash`."""
        return self._flash is not None or bool(self._messages)

    @property
    def contents(self) -> bytes:
        """What it holds, without its times: the same octets for the same contents. Raises as encoding does."""
        return _encoder.encode((self.csrf_secret, self._left(), self))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to keep."""
        return not self and self.csrf_secret is None and not self._left()

    def rotate(self, *, owner: object = None) -> None:
        """Begin a new session with the same values: call it at login, so that an id planted before is worth nothing.

        The CSRF secret is new as well: forms that were open before must be loaded again.

        Args:    owner: whose session it is from now on, such as a user's id; by it all sessions of one user are found.
                 None leaves it as it is.
        """
        self.id = ""
        self.created_at = self.seen_at = int(time.time())
        self.csrf_secret = None
        if owner is not None:
            self.owner = str(owner)

    def clear(self) -> None:
        """Forget the values and begin a new session: call it at logout. Flash messages stay."""
        super().clear()
        self.owner = ""
        self.is_reset = True
        self.rotate()

    def reset(self) -> None:
        """Forget everything, flash messages too, and begin a new session; `ctx.reset_session()`."""
        self.clear()
        self._messages, self._flash = {}, None

    def end_others(self) -> None:
        """End all other sessions of this one's owner when it is stored: "sign out everywhere else".

        Raises: IrrevocableSession, when it is stored, where sessions live in cookies.
        """
        self.ends_others = True

    def encode(self) -> bytes | None:
        """Encode the session for a store; None when nothing changed since it was loaded.

        Raises:  UnstorableSession naming the value that has no JSON form.
        """
        if not self.id:
            self.id = random_text(16)
        stored = Stored(self.id, self.created_at, self.seen_at, self.csrf_secret, self._left(), self, self.owner)
        try:
            octets = _encoder.encode(stored)
        except (TypeError, ValueError, RecursionError) as error:
            raise _unstorable(self, error) from error
        return None if octets == self._octets else octets

    def encode_parts(self) -> dict[str, str]:
        """Encode the session piece by piece, for a store that keeps what concurrent requests change apart.

        Returns: JSON by name: "=key" for each value, "csrf" and "flash" where there are some.
        Raises:  UnstorableSession naming the value that has no JSON form.
        """
        try:
            parts = {f"={key}": _encoder.encode(value).decode() for key, value in self.items()}
        except (TypeError, ValueError, RecursionError) as error:
            raise _unstorable(self, error) from error
        if self.csrf_secret is not None:
            parts["csrf"] = _encoder.encode(self.csrf_secret).decode()
        if flash := self._left():
            parts["flash"] = _encoder.encode(flash).decode()
        return parts

    @classmethod
    def from_parts(cls, id: str, owner: str, times: tuple[int, int], parts: dict[str, str]) -> SessionData | None:
        """Rebuild a session from what `encode_parts` made; None when it isn't that.

        Args:    id, owner: its; times: when it began, and when it was last seen.
        """
        try:
            values = {name[1:]: msgspec.json.decode(text) for name, text in parts.items() if name[0] == "="}
            csrf_secret = msgspec.json.decode(parts["csrf"], type=str) if "csrf" in parts else None
            flash = msgspec.json.decode(parts["flash"], type=dict[str, str]) if "flash" in parts else {}
        except msgspec.DecodeError:
            return None
        session = cls(Stored(id, *times, csrf_secret, flash, values, owner))
        session.loaded_parts = parts
        return session

    @classmethod
    def decode(cls, octets: bytes) -> SessionData | None:
        """Rebuild a session from its encoded form; None when it isn't one."""
        try:
            return cls(_decoder.decode(octets), octets)
        except msgspec.DecodeError:
            return None

    def _left(self) -> dict[str, str]:
        return self._messages if self._flash is None else self._flash.left()


def _unstorable(values: dict[str, Any], error: Exception) -> UnstorableSession:
    return UnstorableSession(
        f"the session can't be stored: {error}",
        where=_culprit(values),
        why="a session holds what JSON can carry: text, numbers, true, false, None, lists and dicts",
        fix='store an id and load the object where it is needed: session["user_id"] = user.id',
    )


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
