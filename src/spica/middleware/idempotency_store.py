"""The contract of what Idempotency remembers; `idempotency_stores/` has the implementations."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from spica.config.settings import Settings


class Entry(NamedTuple):
    """What a key stands for: the digest of the request's content, and the response, None while that is being made."""

    fingerprint: str
    response: bytes | None


class IdempotencyStore(Protocol):
    """Remembers keys and responses for a time."""

    def bind(self, settings: Settings) -> None:
        """Take what it needs from the configuration, once, at boot."""

    async def begin(self, key: str, fingerprint: str, owner: str, held_s: int) -> Entry | None:
        """Take a key for `held_s` seconds, in one step. Returns None when it is ours now, else what it stands for.

        Args: owner: a random name of who takes it, without spaces and line breaks.
        """

    async def finish(self, key: str, owner: str, response: bytes, kept_s: int) -> None:
        """Keep the response of a key that its owner still holds; nothing happens when another has it by now."""

    async def release(self, key: str, owner: str) -> None:
        """Give a key back that its owner still holds, so that the next request with it is handled."""
