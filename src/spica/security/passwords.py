"""Passwords: hashed by Argon2id in threads of their own, and what is refused before.

Rules:
- A hash takes tens of milliseconds and tens of MiB on purpose. It never runs on the event loop, and never more at a
  time than `threads`; beyond `max_waiting` waiting ones, 503 is answered rather than memory used up.
- A user who isn't there costs as much as a wrong password: `verify(password, None)` computes one hash too.
- The hash is a PHC string and has its own cost inside, so raising the cost makes no old one invalid; `needs_rehash`
  tells.
- The octets of a password are those of its NFKC form: the same letters typed on another keyboard are the same password.
Source: RFC 9106 (Argon2), NIST SP 800-63B section 3.1.1.2, OWASP password storage cheat sheet.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from spica.crypto.derivation import USUAL_COST, PassphraseCost
from spica.security.common_passwords import is_common
from spica.security.errors import PasswordRefused, PasswordsBusy
from spica.validation import Message

if TYPE_CHECKING:  # a library by cffi: loaded with the first password
    from argon2 import PasswordHasher

MAX_CHARACTERS = 1_024
_Result = TypeVar("_Result")


class Passwords:
    """Hashes and verifies passwords.

    Args:    cost: of one hash; threads: hashes at the same time; max_waiting: that may wait for a thread;
             min_characters: of a new password; is_breached: an own check, told the password, besides the built-in list.
    """

    def __init__(
        self,
        cost: PassphraseCost = USUAL_COST,
        *,
        threads: int = 2,
        max_waiting: int = 64,
        min_characters: int = 8,
        is_breached: Callable[[str], bool] | None = None,
    ) -> None:
        cost.check()
        self.cost = cost
        self.is_breached = is_breached
        self._threads = threads
        self._max_waiting = max_waiting
        self._min_characters = min_characters
        self._pool: ThreadPoolExecutor | None = None
        self._hasher: PasswordHasher | None = None
        self._dummy = ""
        self._running = 0

    async def hash(self, password: str, *, check: bool = True) -> str:
        """Hash a new password.

        Args:    check: False for one that `check` has let pass already.
        Returns: a PHC string such as "$argon2id$v=19$m=65536,t=3,p=4$…", about 100 characters, for a column of text.
        Raises:  PasswordRefused, see `check`; PasswordsBusy.
        """
        if check:
            self.check(password)
        return await self._in_thread(lambda: self._get_hasher().hash(_octets(password)))

    async def verify(self, password: str, hash: str | None) -> bool:
        """Tell whether a password is the one of a hash.

        Args:    password: as it was typed; hash: as it was stored, None when there is no such user: that takes as long
                 and is False.
        Raises:  PasswordsBusy.
        """
        return await self._in_thread(lambda: self._verify(password, hash))

    def needs_rehash(self, hash: str) -> bool:
        """Tell whether a hash was made at another cost than today's: hash again when the password was verified."""
        from argon2.exceptions import InvalidHashError  # here, not above: see `_get_hasher`

        try:
            return self._get_hasher().check_needs_rehash(hash)
        except InvalidHashError:
            return True

    def check(self, password: str, *, about: str = "") -> None:
        """Refuse a password that is empty, too short, too long, common or breached.

        Args:    about: what the user is known by, such as a mail address, which is no password either.
        Raises:  PasswordRefused with a sentence for the user.
        """
        if not password or not password.strip():
            raise PasswordRefused(Message("is empty", "blank"))
        if len(password) < self._min_characters:
            least = self._min_characters
            raise PasswordRefused(Message(f"is too short: it takes {least} characters", "too_short", count=least))
        if len(password) > MAX_CHARACTERS:
            text = f"is too long: it may have {MAX_CHARACTERS:,} characters"
            raise PasswordRefused(Message(text, "too_long", count=MAX_CHARACTERS))
        if is_common(password) or (about and password.casefold() == about.casefold()):
            raise PasswordRefused(Message("is one of the first that are guessed", "common"))
        if self.is_breached is not None and self.is_breached(password):
            raise PasswordRefused(Message("is known from a breach", "breached"))

    def close(self) -> None:
        """End the threads."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def _verify(self, password: str, hash: str | None) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        hasher = self._get_hasher()
        is_possible = hash is not None and len(password) <= MAX_CHARACTERS
        if not self._dummy:
            self._dummy = hasher.hash(b"nobody's password")
        try:
            hasher.verify(hash if hash is not None and is_possible else self._dummy, _octets(password[:MAX_CHARACTERS]))
        except (VerificationError, InvalidHashError):
            return False
        return is_possible

    def _get_hasher(self) -> PasswordHasher:
        if self._hasher is None:
            from argon2 import PasswordHasher

            memory_kib, rounds, lanes = self.cost
            self._hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=lanes)
        return self._hasher

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        if self._running >= self._threads + self._max_waiting:
            raise PasswordsBusy(
                "too many passwords are being checked",
                why=f"{self._max_waiting} wait for one of {self._threads} threads already",
                fix="limit how often one client may try; raise [passwords] threads where there are cores and memory",
            )
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="passwords")
        self._running += 1
        try:
            # Shielded: a client that leaves does not free the thread, so it must not free the place in the line either.
            future = asyncio.get_running_loop().run_in_executor(self._pool, work)
            future.add_done_callback(self._finished)
        except BaseException:
            self._running -= 1
            raise
        return await asyncio.shield(future)

    def _finished(self, future: asyncio.Future[_Result]) -> None:
        self._running -= 1
        if not future.cancelled():
            future.exception()  # taken note of, for one that nobody awaits any more


def _octets(password: str) -> bytes:
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


passwords = Passwords()
"""Those of the application that is served, at the cost that `[passwords]` says: `from spica import passwords`."""


def use_passwords(cost: PassphraseCost, *, threads: int, max_waiting: int, min_characters: int) -> None:
    """Make `passwords` those of an application; an own check of breaches stays."""
    passwords.close()
    passwords.__init__(  # type: ignore[misc]  # the object is imported by name, so it is set anew and not replaced
        cost,
        threads=threads,
        max_waiting=max_waiting,
        min_characters=min_characters,
        is_breached=passwords.is_breached,
    )
