"""Signed tokens: values that go out to a client, a mail or a link, and are trusted when they come back.

    envelope   purpose as context; message: issued 8, expires 8, state 16, value as JSON

Rules:
- A token is for one purpose: one made for "unsubscribe" is refused for "password-reset".
- Anyone can read a signed token; `encrypt` makes one that nobody can.
- Times are milliseconds since 1970 by the clock of whoever looks; issued and expiry are signed with the value.
- A token that was made with a `state` opens as long as that state is the same: a digest of a password's hash makes a
  reset link work once. The state is not in the token, only 16 octets of its HMAC.
"""

from __future__ import annotations

import hmac
import inspect
import struct
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from spica.security.envelope import Sealer, Signer
from spica.security.errors import NoSecretKey, TokenExpired, TokenInvalid
from spica.security.keys import KeyRing, Keys

Found = TypeVar("Found")
_TIMES = struct.Struct(">QQ16s")
_NO_STATE = bytes(16)
_MAX_CHARACTERS = 8_192


class Tokens:
    """Makes and checks tokens.

    Args:    ring: the app's secrets; rotated ones open old tokens.
    Example:
        >>> tokens = Tokens(KeyRing(["an example of a key, 0123456789 abcdef"]))
        >>> token = tokens.sign("unsubscribe", 7)
        >>> tokens.verify("unsubscribe", token, max_age=86_400)
        7
    """

    __slots__ = ("_sealer", "_signer", "_state_keys")

    def __init__(self, ring: KeyRing) -> None:
        self._signer = Signer(ring.derive("token.signed"))
        self._sealer = Sealer(ring.derive("token.encrypted"))
        self._state_keys = ring.derive("token.state")

    def sign(self, purpose: str, value: Any, *, max_age: float | None = None, state: str | bytes | None = None) -> str:
        """Make a token that anyone can read and nobody can change.

        Args:    purpose: what it is for, such as "socket"; value: what JSON can hold; max_age: seconds until it ends,
                 None for never; state: what must not have changed when it comes back, see the rules of this file.
        Returns: text of letters, digits and ._-
        """
        return self._signer.sign(self._pack(purpose, value, max_age, state), purpose)

    def verify(
        self, purpose: str, token: str, *, max_age: float | None = None, state: str | bytes | None = None
    ) -> Any:
        """Return the value of a signed token.

        Args:    purpose: as it was signed for; token: what came back; max_age: seconds since it was made, None to go by
                 what `sign` said alone; state: as of now, for a token that was made with one.
        Raises:  TokenExpired when it is too old; TokenInvalid when it isn't ours, was changed, is for another purpose,
                 or the state is another. Both answer 401 where nobody catches them.
        """
        return self._unpack(purpose, self._signer.verify(_checked(token), purpose), max_age, state)

    def encrypt(
        self, purpose: str, value: Any, *, max_age: float | None = None, state: str | bytes | None = None
    ) -> str:
        """Make a token that nobody can read or change; see `sign`."""
        return self._sealer.seal(self._pack(purpose, value, max_age, state), purpose)

    def decrypt(
        self, purpose: str, token: str, *, max_age: float | None = None, state: str | bytes | None = None
    ) -> Any:
        """Return the value of an encrypted token; see `verify`."""
        return self._unpack(purpose, self._sealer.open(_checked(token), purpose), max_age, state)

    async def redeem(
        self,
        purpose: str,
        token: str,
        find: Callable[[Any], Found | Awaitable[Found | None] | None],
        *,
        state: Callable[[Found], str | bytes],
        max_age: float | None = None,
    ) -> Found:
        """Find what a token with a state was made for, if that has not changed since: a link that works once.

        Args:    find: takes the token's value and gives the record or None, may be async; state: takes the record and
                 gives the state that `sign` was given, such as its password's hash.
        Returns: the record.
        Raises:  TokenExpired; TokenInvalid, also when there is no such record any more.
        """
        message = self._signer.verify(_checked(token), purpose)
        value, stored = self._read(message, max_age)
        found = find(value)
        record = await found if inspect.isawaitable(found) else found
        if record is None or not self._is_state(purpose, stored, state(record)):
            raise _invalid("the token was used, or what it was made for has changed")
        return record

    def _pack(self, purpose: str, value: Any, max_age: float | None, state: str | bytes | None) -> bytes:
        now = time.time()
        expires = 0 if max_age is None else max(int((now + max_age) * 1000), 1)
        digest = _NO_STATE if state is None else _digest(self._state_keys.current.octets, purpose, state)
        return _TIMES.pack(int(now * 1000), expires, digest) + msgspec.json.encode(value)

    def _unpack(self, purpose: str, message: bytes | None, max_age: float | None, state: str | bytes | None) -> Any:
        value, stored = self._read(message, max_age)
        if not self._is_state(purpose, stored, state):
            raise _invalid(
                "the token was used, or what it was made for has changed"
                if state is not None
                else "the token is bound to a state"
            )
        return value

    def _read(self, message: bytes | None, max_age: float | None) -> tuple[Any, bytes]:
        if message is None or len(message) < _TIMES.size:
            raise _invalid("the token is not one of ours")
        issued_ms, expires, stored = _TIMES.unpack_from(message)
        now_ms = time.time() * 1000
        if (expires and expires <= now_ms) or (max_age is not None and issued_ms + max_age * 1000 <= now_ms):
            raise TokenExpired("the token has expired", fix="ask for a new one")
        return msgspec.json.decode(message[_TIMES.size :]), stored

    def _is_state(self, purpose: str, stored: bytes, state: str | bytes | None) -> bool:
        if state is None:
            return stored == _NO_STATE
        keys: Keys = self._state_keys
        return any(hmac.compare_digest(stored, _digest(key.octets, purpose, state)) for key in keys.by_kid.values())

    def __repr__(self) -> str:
        return "Tokens()"


class CurrentTokens:
    """The tokens of the application that is served: `from spica import tokens`."""

    _tokens: Tokens | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._tokens is None:
            raise NoSecretKey(
                f"tokens.{name} needs an application with a secret key",
                why="its keys are derived from it, and no application was compiled, or the one that was has none",
                fix="set [app] secret_key in config/app.toml, or pass App(secret_key=...)",
            )
        return getattr(self._tokens, name)

    def __repr__(self) -> str:
        return "spica.tokens"


# Typed as what it stands for, so that editors and type checkers know its methods.
tokens: Tokens = CurrentTokens()  # type: ignore[assignment]


def use_tokens(ring: KeyRing | None) -> None:
    """Make `tokens` those of an application; None for one without a secret key."""
    CurrentTokens._tokens = Tokens(ring) if ring is not None else None


def _digest(key: bytes, purpose: str, state: str | bytes) -> bytes:
    label, octets = purpose.encode(), state.encode() if isinstance(state, str) else state
    return hmac.digest(key, len(label).to_bytes(4, "big") + label + octets, "sha256")[:16]


def _checked(token: str) -> str:
    if not isinstance(token, str) or len(token) > _MAX_CHARACTERS:
        raise _invalid("the token is not one of ours")
    return token


def _invalid(what: str) -> TokenInvalid:
    return TokenInvalid(what, why="it was changed, made for another purpose or by another application, or used already")
