"""Envelopes: messages that leave us and come back, sealed (unreadable) or signed (readable), with an expiry inside.

    v1.<kid>.<base64url of the body>
    sealed body  nonce 12, AES-256-GCM ciphertext of (expiry 8, message), tag 16
    signed body  HMAC-SHA256 32, expiry 8, message

Rules:
- The version, the kid and a context (the cookie's name) are authenticated with the message: an envelope can't be used
  under another name, and not one character of it can be changed, unused base64 bits included.
- The expiry is whole seconds since 1970, 0 for never. It is inside, so a copy kept by the client ends on time.
- Opening returns None for anything that isn't right; it never says which part was wrong.
"""

from __future__ import annotations

import hmac
import math
import time

from spica._core import EnvelopeSealer
from spica.security import base64url
from spica.security.keys import Keys

_PREFIX = "v1."
_EXPIRY_BYTES = 8
_MAC_BYTES = 32
_NEVER = 0


class Sealer:
    """Encrypts messages for one purpose.

    Args:    keys: from `KeyRing.derive(purpose)`.
    """

    __slots__ = ("_native",)

    def __init__(self, keys: Keys) -> None:
        others = [key for key in keys.by_kid.values() if key != keys.current]
        self._native = EnvelopeSealer([keys.current, *others])

    def seal(self, message: bytes, context: str, *, expires_at: float | None = None) -> str:
        """Encrypt a message.

        Args:    message: any octets; context: what it is for, needed again to open it; expires_at: seconds since 1970.
        Returns: text of letters, digits and ._-
        """
        return self._native.seal(message, context, _NEVER if expires_at is None else math.ceil(expires_at))

    def open(self, text: str, context: str, *, now: float | None = None) -> bytes | None:
        """Decrypt a message; None when it was changed, sealed for another context or by another key, or has expired."""
        return self._native.open(text, context, time.time() if now is None else now)


class Signer:
    """Signs messages for one purpose; anyone can read them.

    Args:    keys: from `KeyRing.derive(purpose)`.
    """

    __slots__ = ("_keys", "_prefix")

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._prefix = f"{_PREFIX}{keys.current.kid}."

    def sign(self, message: bytes, context: str, *, expires_at: float | None = None) -> str:
        """Sign a message.

        Args:    message: any octets; context: what it is for, needed to verify it; expires_at: seconds since 1970.
        Returns: text of letters, digits and ._-
        """
        body = _pack_expiry(expires_at) + message
        return self._prefix + base64url.encode(_mac(self._keys.current.octets, f"{self._prefix}{context}", body) + body)

    def verify(self, text: str, context: str, *, now: float | None = None) -> bytes | None:
        """Return a message; None when it was changed, signed for another context or by another key, or has expired."""
        kid, signed = _split(text)
        key = self._keys.by_kid.get(kid)
        if key is None or signed is None:
            return None
        mac, body = signed[:_MAC_BYTES], signed[_MAC_BYTES:]
        if not hmac.compare_digest(mac, _mac(key.octets, f"{_PREFIX}{kid}.{context}", body)):
            return None
        return _unpack(body, now)


def _mac(key: bytes, context: str, body: bytes) -> bytes:
    label = context.encode()
    return hmac.digest(key, len(label).to_bytes(4, "big") + label + body, "sha256")


def _pack_expiry(expires_at: float | None) -> bytes:
    return (_NEVER if expires_at is None else math.ceil(expires_at)).to_bytes(_EXPIRY_BYTES, "big")


def _unpack(body: bytes, now: float | None) -> bytes | None:
    if len(body) < _EXPIRY_BYTES:
        return None
    expiry = int.from_bytes(body[:_EXPIRY_BYTES], "big")
    if expiry != _NEVER and expiry <= (time.time() if now is None else now):
        return None
    return body[_EXPIRY_BYTES:]


def _split(text: str) -> tuple[str, bytes | None]:
    """Take an envelope apart: kid and body; the body is None when the text is no envelope."""
    version, _, rest = text.partition(".")
    kid, dot, encoded = rest.partition(".")
    if version != "v1" or not dot:
        return "", None
    return kid, base64url.decode(encoded)
