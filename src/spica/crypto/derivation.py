"""Keys from other secrets: HKDF from a good one, Argon2id from a passphrase.

Source: RFC 5869 (HKDF with SHA-256), RFC 9106 (Argon2, whose second recommended setting is the default here).
"""

from __future__ import annotations

from typing import NamedTuple

from spica._core import hkdf_sha256
from spica.crypto.errors import InvalidKey

_MIN_SECRET_BYTES = 16
_MIN_SALT_BYTES = 16
_MAX_MEMORY_KIB = 4 * 1024 * 1024
_MAX_ROUNDS = 100
_MAX_LANES = 64


def hkdf(secret: bytes, *, purpose: bytes, length: int = 32, salt: bytes = b"") -> bytes:
    """Derive a key for one purpose from a secret that is random already.

    Args:    secret: 16 octets or more, a key and not a passphrase; purpose: what the key is for: another purpose gives
             another key, and knowing one says nothing about the rest; length: 1 to 8,160 octets; salt: optional.
    Raises:  InvalidKey for a short secret; ValueError for another length.
    Example:
        >>> secret = b"s" * 32
        >>> hkdf(secret, purpose=b"backups") != hkdf(secret, purpose=b"exports")
        True
    """
    if len(secret) < _MIN_SECRET_BYTES:
        raise InvalidKey(
            f"HKDF takes a secret of {_MIN_SECRET_BYTES} octets or more, not {len(secret)}",
            why="it makes keys of a secret, it doesn't make a weak secret strong",
            fix="make the secret by generate_key(), or by key_from_passphrase(...) of a passphrase",
        )
    return hkdf_sha256(secret, salt=salt, info=purpose, length=length)


class PassphraseCost(NamedTuple):
    """What one guess of a passphrase costs: memory in KiB, passes over it, and lanes (threads)."""

    memory_kib: int = 65_536
    rounds: int = 3
    lanes: int = 4

    def check(self) -> None:
        """Refuse values that mean nothing, or that would take the machine down. Raises ValueError."""
        if not (
            8 * self.lanes <= self.memory_kib <= _MAX_MEMORY_KIB
            and 1 <= self.rounds <= _MAX_ROUNDS
            and 1 <= self.lanes <= _MAX_LANES
        ):
            raise ValueError(
                f"Argon2 takes 8 KiB a lane to {_MAX_MEMORY_KIB} KiB, 1 to {_MAX_ROUNDS} rounds and 1 to {_MAX_LANES}"
                f" lanes, not {self.memory_kib} KiB, {self.rounds} and {self.lanes}"
            )


USUAL_COST = PassphraseCost()
# What makes tests with passwords fast. Nothing that is kept is hashed so.
CHEAPEST_COST = PassphraseCost(memory_kib=8, rounds=1, lanes=1)


def key_from_passphrase(passphrase: str, salt: bytes, *, length: int = 32, cost: PassphraseCost = USUAL_COST) -> bytes:
    """Derive a key from a passphrase, slowly, so that guessing is slow too (Argon2id).

    Args:    passphrase: what a person remembers; salt: 16 random octets or more, kept beside what the key protects;
             length: 16 to 1,024 octets; cost: the same gives the same key again.
    Returns: the key; it takes tens of milliseconds and the memory that `cost` says.
    Raises:  InvalidKey for an empty passphrase or a short salt; ValueError for a cost out of range.
    Example:
        >>> cheap = PassphraseCost(memory_kib=64, rounds=1, lanes=1)
        >>> len(key_from_passphrase("correct horse battery staple", b"0123456789abcdef", cost=cheap))
        32
    """
    if not passphrase:
        raise InvalidKey("the passphrase is empty", fix="use several random words")
    if len(salt) < _MIN_SALT_BYTES:
        raise InvalidKey(
            f"a salt has {_MIN_SALT_BYTES} octets or more, not {len(salt)}", fix="make it by token_bytes(16)"
        )
    cost.check()
    from argon2 import Type  # here, not above: a library by cffi that most processes never need
    from argon2.low_level import hash_secret_raw

    return hash_secret_raw(
        passphrase.encode(),
        salt,
        time_cost=cost.rounds,
        memory_cost=cost.memory_kib,
        parallelism=cost.lanes,
        hash_len=length,
        type=Type.ID,
    )
