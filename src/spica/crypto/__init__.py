"""Cryptography: sealing, keys, hashes, random tokens and comparison, each with one way to call it that is safe.

Rules of this package:
- Octets go in and come out as `bytes`; `str` is refused where an encoding would have to be guessed.
- `seal` chooses its own nonce. What names a nonce says so in its name, and is for protocols that count their own.
- Ciphers are aws-lc's, hashes Python's (OpenSSL); nothing is computed by our own arithmetic.
"""

from spica.crypto.ciphers import AesGcm, ChaCha20Poly1305, generate_key, open, seal
from spica.crypto.comparison import equal
from spica.crypto.derivation import PassphraseCost, hkdf, key_from_passphrase
from spica.crypto.errors import CannotOpen, InvalidKey
from spica.crypto.hashes import blake2b, hmac_sha256, hmac_sha512, sha256, sha512, verify_hmac_sha256
from spica.crypto.randomness import random_digits, token_bytes, token_hex, token_urlsafe

__all__ = [
    "AesGcm",
    "CannotOpen",
    "ChaCha20Poly1305",
    "InvalidKey",
    "PassphraseCost",
    "blake2b",
    "equal",
    "generate_key",
    "hkdf",
    "hmac_sha256",
    "hmac_sha512",
    "key_from_passphrase",
    "open",
    "random_digits",
    "seal",
    "sha256",
    "sha512",
    "token_bytes",
    "token_hex",
    "token_urlsafe",
    "verify_hmac_sha256",
]
