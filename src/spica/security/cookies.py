"""Cookie values sealed by the app's keys: the `CookieSealer` of `spica.http.cookies`."""

from __future__ import annotations

import time

from spica.security.envelope import Sealer, Signer
from spica.security.keys import KeyRing


class SecretCookies:
    """Signs and encrypts cookie values, bound to the cookie's name.

    Args:    ring: the app's secrets; the purposes "cookie.encrypted" and "cookie.signed" are derived from them.
    """

    __slots__ = ("_sealer", "_signer")

    def __init__(self, ring: KeyRing) -> None:
        self._sealer = Sealer(ring.derive("cookie.encrypted"))
        self._signer = Signer(ring.derive("cookie.signed"))

    def encrypt(self, name: str, value: str, max_age: int | None, /) -> str:
        """Encrypt a value; max_age is in seconds, None for no expiry."""
        return self._sealer.seal(value.encode(), name, expires_at=_expiry(max_age))

    def decrypt(self, name: str, sealed: str, /) -> str | None:
        """Return the value, None when it isn't ours, was changed or has expired."""
        return _text(self._sealer.open(sealed, name))

    def sign(self, name: str, value: str, max_age: int | None, /) -> str:
        """Sign a value; max_age is in seconds, None for no expiry."""
        return self._signer.sign(value.encode(), name, expires_at=_expiry(max_age))

    def verify(self, name: str, signed: str, /) -> str | None:
        """Return the value, None when it isn't ours, was changed or has expired."""
        return _text(self._signer.verify(signed, name))


def _expiry(max_age: int | None) -> float | None:
    return None if max_age is None else time.time() + max_age


def _text(octets: bytes | None) -> str | None:
    return None if octets is None else octets.decode()
