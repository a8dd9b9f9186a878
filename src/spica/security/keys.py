"""Keys: from the app's secrets to one key a purpose, with rotation.

Rules:
- The first secret seals; all of them open. To rotate, put a new one first and drop the last when its messages are old.
- No key is used for two things: HKDF derives one for each purpose, and knowing one says nothing about another.
- `kid` names a key in a message, so that opening doesn't try all of them. It is derived too and reveals nothing.
Source: RFC 5869 (HKDF with SHA-256).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from spica._core import hkdf_sha256
from spica.security.errors import NoSecretKey, WeakSecretKey

MIN_SECRET_CHARACTERS = 32
_MIN_DISTINCT = 8
_SALT = b"spica/v1"


class Key(NamedTuple):
    """One derived key: its name in messages (8 hex digits) and 32 octets."""

    kid: str
    octets: bytes


class Keys(NamedTuple):
    """The keys of one purpose: the one that seals, and all that open, by kid."""

    current: Key
    by_kid: dict[str, Key]


class KeyRing:
    """The app's secrets.

    Args:    secrets: the current one first, then those that still open old messages; each 32 characters or more.
    Raises:  NoSecretKey when there is none; WeakSecretKey when one is too short or repeats a few characters.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets:
            raise NoSecretKey(
                "there is no secret key to derive keys from",
                why="sessions, signed cookies and tokens are only as safe as the key",
                fix="set [app] secret_key in config/app.toml, or pass App(secret_key=...)",
            )
        for secret in secrets:
            check_secret(secret)
        self._secrets = [secret.encode() for secret in secrets]

    def derive(self, purpose: str) -> Keys:
        """Derive the keys of a purpose, such as "cookie.encrypted"; the same secrets always give the same keys."""
        keys = []
        for secret in self._secrets:
            octets = hkdf_sha256(secret, salt=_SALT, info=purpose.encode() + b"\0key", length=32)
            kid = hkdf_sha256(secret, salt=_SALT, info=purpose.encode() + b"\0kid", length=4)
            keys.append(Key(kid.hex(), octets))
        return Keys(keys[0], {key.kid: key for key in reversed(keys)})

    def __repr__(self) -> str:
        return f"KeyRing({len(self._secrets)} secrets)"


def check_secret(secret: str) -> None:
    """Refuse a secret that could be guessed. Raises WeakSecretKey; the message doesn't repeat the secret."""
    if len(secret) < MIN_SECRET_CHARACTERS or len(set(secret)) < _MIN_DISTINCT:
        raise WeakSecretKey(
            f"the secret key has {len(secret)} characters, {len(set(secret))} of them different",
            why=f"it takes at least {MIN_SECRET_CHARACTERS} random characters to resist guessing",
            fix="make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
