"""Authenticated encryption: AES-256-GCM and ChaCha20-Poly1305.

    sealed octets   nonce 12, ciphertext, tag 16

Rules:
- A nonce must never be used twice with one key. `seal` draws 96 random bits: that is safe for 2^32 messages a key;
  derive a key for each purpose (`hkdf`) long before.
- `context` is authenticated and not stored: what was sealed for one user or column doesn't open for another.
- Opening raises CannotOpen for anything that isn't right, and never says which part was wrong.
Source: NIST SP 800-38D (GCM; section 8.3 for the number of messages), RFC 8439 (ChaCha20-Poly1305).
"""

from __future__ import annotations

import os
from typing import ClassVar, Literal, TypeAlias

from spica._core import aead_open, aead_seal
from spica.crypto.errors import CannotOpen, InvalidKey

Cipher: TypeAlias = Literal["aes-256-gcm", "chacha20-poly1305"]
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16


def generate_key() -> bytes:
    """Make a key for either cipher: 32 octets from the operating system."""
    return os.urandom(KEY_BYTES)


def seal(key: bytes, message: bytes, *, context: bytes = b"", cipher: Cipher = "aes-256-gcm") -> bytes:
    """Encrypt and authenticate a message under a fresh nonce.

    Args:    key: 32 octets, of `generate_key` or `hkdf`; message: any octets; context: what it is for, needed again to
             open it; cipher: "aes-256-gcm", or "chacha20-poly1305" where there is no AES in hardware.
    Returns: 28 octets more than the message; different ones on every call.
    Raises:  InvalidKey.
    Example:
        >>> key = generate_key()
        >>> open(key, seal(key, b"hello", context=b"user 7"), context=b"user 7")
        b'hello'
    """
    check_key(key)
    return aead_seal(key, _octets("message", message), _octets("context", context), cipher=cipher)


def open(key: bytes, sealed: bytes, *, context: bytes = b"", cipher: Cipher = "aes-256-gcm") -> bytes:
    """Decrypt what `seal` made.

    Raises: CannotOpen when it was changed, or sealed by another key, context or cipher; InvalidKey.
    """
    check_key(key)
    message = aead_open(key, _octets("sealed", sealed), _octets("context", context), cipher=cipher)
    if message is None:
        raise CannotOpen(
            "the sealed octets don't open",
            why="they were changed or cut, or sealed by another key, for another context or by another cipher",
            fix="give open() the key, context and cipher that seal() was given",
        )
    return message


class _Aead:
    """One key of one cipher. Args: key: 32 octets."""

    __slots__ = ("_key",)
    cipher: ClassVar[Cipher]

    def __init__(self, key: bytes) -> None:
        check_key(key)
        self._key = key

    def seal(self, message: bytes, context: bytes = b"") -> bytes:
        """Encrypt under a fresh nonce, which comes first in the result."""
        return seal(self._key, message, context=context, cipher=self.cipher)

    def open(self, sealed: bytes, context: bytes = b"") -> bytes:
        """Decrypt what `seal` made; raises CannotOpen."""
        return open(self._key, sealed, context=context, cipher=self.cipher)

    def encrypt_with_nonce(self, nonce: bytes, message: bytes, context: bytes = b"") -> bytes:
        """Encrypt under a nonce of your own, for a protocol that prescribes it: ciphertext and tag.

        The same nonce twice under one key reveals both messages and lets anyone forge more. Use `seal` if you can.
        """
        check_nonce(nonce)
        sealed = aead_seal(
            self._key, _octets("message", message), _octets("context", context), cipher=self.cipher, nonce=nonce
        )
        return sealed[NONCE_BYTES:]

    def decrypt_with_nonce(self, nonce: bytes, ciphertext: bytes, context: bytes = b"") -> bytes:
        """Decrypt ciphertext and tag of `encrypt_with_nonce`; raises CannotOpen."""
        check_nonce(nonce)
        return self.open(nonce + _octets("ciphertext", ciphertext), context)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(key hidden)"


class AesGcm(_Aead):
    """AES-256-GCM with one key.

    Example:
        >>> cipher = AesGcm(generate_key())
        >>> cipher.open(cipher.seal(b"hello"))
        b'hello'
    """

    __slots__ = ()
    cipher = "aes-256-gcm"


class ChaCha20Poly1305(_Aead):
    """ChaCha20-Poly1305 with one key.

    Example:
        >>> cipher = ChaCha20Poly1305(generate_key())
        >>> cipher.open(cipher.seal(b"hello", b"column 3"), b"column 3")
        b'hello'
    """

    __slots__ = ()
    cipher = "chacha20-poly1305"


def check_key(key: bytes) -> None:
    """Refuse what is no key. Raises InvalidKey, which doesn't repeat it."""
    if not isinstance(key, bytes) or len(key) != KEY_BYTES:
        got = f"{len(key)} octets" if isinstance(key, bytes) else f"a {type(key).__name__}"
        raise InvalidKey(
            f"a key has {KEY_BYTES} octets as bytes, not {got}",
            why="a password is no key: it has too little randomness and the wrong length",
            fix="make one by generate_key(), or by key_from_passphrase(...) of a passphrase",
        )


def check_nonce(nonce: bytes) -> None:
    """Refuse a nonce of another length. Raises InvalidKey."""
    if not isinstance(nonce, bytes) or len(nonce) != NONCE_BYTES:
        got = f"{len(nonce)} octets" if isinstance(nonce, bytes) else f"a {type(nonce).__name__}"
        raise InvalidKey(f"a nonce has {NONCE_BYTES} octets as bytes, not {got}", fix="let seal() choose it")


def _octets(name: str, value: bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"{name} must be bytes, not {type(value).__name__}; for text: {name}.encode()")
