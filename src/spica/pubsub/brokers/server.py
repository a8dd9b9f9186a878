"""What brokers that are a server share: one connection that is kept, and messages that leave in order.

    stopped ──start──▶ there ──lost──▶ away ──opened again──▶ there
                         └──────────────┴───────stop───────▶ stopped

Rules of this file:
- One task sends, asks whether the server is there, and opens the connection anew: so messages leave in order, and a
  batch is all that waits when the one before it was answered.
- A message is sent at most once. What was on its way when the connection was lost fails: nobody knows if it arrived.
- Nothing waits longer than `Timing.answer_s`. While the server is away, `publish` fails at once.
- The log has one line when the server is lost and one when it is there again, however often it was tried between.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, MutableSequence, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Protocol

from spica.pubsub.broker import Peer, Receive
from spica.pubsub.brokers.frames import join, split
from spica.pubsub.errors import BrokerLibraryMissing, BrokerUnavailable
from spica.telemetry.redaction import HIDDEN

MAX_BATCH_MESSAGES = 256
MAX_BATCH_BYTES = 1_048_576
_CLOSE_TIMEOUT_S = 1.0
_NOT_STARTED = "it is not started"

_log = logging.getLogger("spica.pubsub")

Deliver = Callable[[bytes], int]
Lost = Callable[[str], None]
_Waiting = tuple[bytes, "asyncio.Future[None]"]

UNREADABLE = "in a user's name and password, other signs than letters and digits are written as %XX"

_CHECK = b""  # what waits in place of a message: only to be told that the server is there


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient a broker is, in seconds.

    answer_s: how long the server may take for a connection, a batch or a sign of life; idle_s: how long a silence may
    be before it is asked for one; first_wait_s, longest_wait_s: between attempts to reach it again, doubled each time.
    """

    answer_s: float = 5.0
    idle_s: float = 5.0
    first_wait_s: float = 0.1
    longest_wait_s: float = 5.0


class Wire(Protocol):
    """An open connection to a server. What its methods raise means that it can't be used any more."""

    async def send(self, frames: Sequence[bytes]) -> None:
        """Send frames, in order; returns when the server has them all. One may be as long as a message can be."""

    async def check(self) -> None:
        """Ask the server for a sign of life, on every socket there is."""

    async def close(self) -> None:
        """Say goodbye."""

    def abort(self) -> None:
        """Close without waiting; after `close` it does nothing."""


class ServerBroker(ABC):
    """A broker of `spica.pubsub.broker` that is a server.

    Args:    place: the server's URL without secrets, for messages; timing: default `Timing()`.
    """

    tells_peers = False
    frame_bytes: ClassVar[int] = 65_536  # of messages that are sent as one, at most

    def __init__(self, place: str, timing: Timing | None = None) -> None:
        self.place = place
        self.timing = timing or Timing()
        self._receive: Receive = _drop
        self._wire: Wire | None = None
        self._task: asyncio.Task[None] | None = None
        self._waiting: deque[_Waiting] = deque()
        self._batch: list[_Waiting] = []  # what is on its way
        self._stopping = False
        self._wake: asyncio.Future[None] | None = None
        self._deadline: asyncio.Timeout | None = None
        self._generation = 0  # of the connection, so that the end of one before tells nothing of this one
        self._why = ""  # why it is lost; "" while it is not
        self._had_strange_ones = False

    @abstractmethod
    async def open(self, receive: Deliver, lost: Lost) -> Wire:
        """Open a connection that receives.

        Args:    receive: called with each frame, returns how many messages that were; lost: called with the reason when
                 the connection is known to end.
        Raises:  BrokerUnavailable with what the server said, or what the library raises when there is no answer.
        """

    async def start(self, node: str, receive: Receive, peer: Peer) -> None:
        """Connect. Raises BrokerUnavailable; nothing is left open then."""
        loop = asyncio.get_running_loop()
        if self._task is not None and self._task.get_loop() is not loop:
            self._forget()
        if self._task is None:
            self._receive = receive
            self._wire = await self._open()
            self._task = loop.create_task(self._keep(self._wire), name=f"pubsub {self.place}")

    async def publish(self, message: bytes) -> None:
        """Send a message to the others; returns when the server has it. Raises BrokerUnavailable."""
        if self._wire is None or self._stopping:
            raise self._away()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((message, done))
        self._wake_up()
        await done

    async def check(self) -> None:
        """Ask the server for a sign of life. Raises BrokerUnavailable."""
        await self.publish(_CHECK)

    async def stop(self) -> None:
        """Send what still waits, and close the connection. Does nothing unless started."""
        task = self._task
        if task is None or self._stopping:
            return
        self._stopping = True
        try:
            if unsent := [done for _, done in (*self._batch, *self._waiting) if not done.done()]:
                await asyncio.wait(unsent, timeout=self.timing.answer_s)
            task.cancel()
            await asyncio.wait([task])
            if self._wire is not None:
                await self.close_wire(self._wire)
        finally:  # also when the caller is cancelled while it waits here
            task.cancel()
            self._why = "it was stopped"
            self._fail(self._batch)
            self._fail(self._waiting)
            self._forget()

    @property
    def problem(self) -> str:
        """Why the server can't be reached; "" while it can."""
        return "" if self._wire is not None else self._why or _NOT_STARTED

    async def _keep(self, wire: Wire) -> None:
        """Send what waits, over one connection after the other."""
        loop = asyncio.get_running_loop()
        wait_s = self.timing.first_wait_s
        while True:
            opened_at = loop.time()
            await self._serve(wire)
            self._wire = None
            self._generation += 1
            self._fail(self._waiting)
            _log.warning("lost the pub/sub broker %s: %s", self.place, self._why)
            await self.close_wire(wire)
            lost_at = loop.time()
            if lost_at - opened_at > self.timing.longest_wait_s:
                wait_s = self.timing.first_wait_s
            while True:
                await asyncio.sleep(wait_s * random.uniform(0.5, 1))  # noqa: S311  # spreads attempts, no secret
                wait_s = min(wait_s * 2, self.timing.longest_wait_s)
                try:
                    wire = self._wire = await self._open()
                except BrokerUnavailable as problem:
                    self._why = problem.why
                else:
                    break
            _log.warning("the pub/sub broker %s is back after %.1f s", self.place, loop.time() - lost_at)

    async def _serve(self, wire: Wire) -> None:
        """Send what waits until the connection is lost, and ask for signs of life between."""
        try:
            while not self._why:
                if not self._waiting:
                    await self._idle()
                    if self._why:
                        break
                self._batch = self._take()
                async with asyncio.timeout(self.timing.answer_s) as self._deadline:
                    if messages := [message for message, _ in self._batch if message != _CHECK]:
                        await wire.send(list(join(messages, self.frame_bytes)))
                    else:
                        await wire.check()
                self._deadline = None
                for _, done in self._batch:
                    if not done.done():  # else its publisher was cancelled
                        done.set_result(None)
                self._batch = []
        except TimeoutError:
            self._why = self._why or f"no answer within {self.timing.answer_s:g} s"
        except Exception as problem:  # whatever a library raises here, this connection can't be used any more
            self._why = self._why or describe(problem)
        finally:
            self._deadline = None
            batch, self._batch = self._batch, []
            self._fail(batch)

    def _take(self) -> list[_Waiting]:
        """What is sent next: as much as one batch takes, at least one message."""
        batch: list[_Waiting] = []
        length = 0
        while self._waiting and len(batch) < MAX_BATCH_MESSAGES:
            length += len(self._waiting[0][0])
            if batch and length > MAX_BATCH_BYTES:
                break
            waiting = self._waiting.popleft()
            if not waiting[1].done():  # else its publisher was cancelled
                batch.append(waiting)
        return batch

    async def _idle(self) -> None:
        """Wait for something to send, for the end of the connection, or for the time to ask."""
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        timer = loop.call_later(self.timing.idle_s, self._wake_up)
        try:
            await self._wake
        finally:
            timer.cancel()
            self._wake = None

    def _wake_up(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _open(self) -> Wire:
        self._generation += 1
        self._why = ""
        self._had_strange_ones = False
        try:
            async with asyncio.timeout(self.timing.answer_s):
                return await self.open(self._deliver, partial(self._lost, self._generation))
        except TimeoutError as problem:
            raise self.unreachable(f"no answer within {self.timing.answer_s:g} s") from problem
        except BrokerUnavailable:
            raise
        except Exception as problem:  # each library has its own
            raise self.unreachable(describe(problem)) from problem

    async def close_wire(self, wire: Wire) -> None:
        """Close a connection: politely where that is quick. Raises nothing."""
        try:
            async with asyncio.timeout(min(_CLOSE_TIMEOUT_S, self.timing.answer_s)):
                await wire.close()
        except Exception as problem:  # it is over anyway
            _log.debug("the connection to %s did not close: %s", self.place, describe(problem))
        finally:
            with suppress(Exception):
                wire.abort()

    def _lost(self, generation: int, why: str) -> None:
        if generation == self._generation and not self._why:
            self._why = why or "the server closed the connection"
            self._wake_up()
            if self._deadline is not None and not self._deadline.expired():
                self._deadline.reschedule(asyncio.get_running_loop().time())

    def _deliver(self, frame: bytes) -> int:
        try:
            messages = split(frame)
        except ValueError as problem:
            if not self._had_strange_ones:  # once a connection: whoever sends them may send many
                self._had_strange_ones = True
                _log.warning("what others sent on the channel of %s was dropped: %s", self.place, problem)
            return 1
        for message in messages:
            try:
                self._receive(message)
            except Exception:  # the connection and the messages after it are not to blame
                _log.exception("a message of the pub/sub broker %s could not be delivered", self.place)
        return len(messages)

    def _fail(self, waiting: MutableSequence[_Waiting]) -> None:
        for _, done in waiting:
            if not done.done():
                done.set_exception(self._away())
        waiting.clear()

    def _forget(self) -> None:
        """Be as before the start. What is still open is closed."""
        self._generation += 1
        self._stopping = False
        self._task = None
        self._receive = _drop
        self._waiting.clear()
        self._batch = []
        self._wake = self._deadline = None
        wire, self._wire = self._wire, None
        if wire is not None:
            with suppress(Exception):  # its event loop may be closed
                wire.abort()

    def _away(self) -> BrokerUnavailable:
        return BrokerUnavailable(f"the pub/sub broker {self.place} is away", why=self._why or _NOT_STARTED)

    def unreachable(self, why: str) -> BrokerUnavailable:
        """The error for a server that does not answer."""
        return BrokerUnavailable(
            f"the pub/sub broker {self.place} does not answer",
            why=why,
            fix="start the server, or correct host and port in [pubsub] url",
        )

    def refused(
        self, why: str, fix: str = "check user, password and rights: they stand in [pubsub] url"
    ) -> BrokerUnavailable:
        """The error for a server that answers and does not let us in."""
        return BrokerUnavailable(f"the pub/sub broker {self.place} refuses this application", why=why, fix=fix)


def hide_secrets(url: str) -> str:
    """Write a URL for people: without options, passwords and tokens hidden, also those that should have been quoted."""
    scheme, _, location = url.partition("://")
    credentials, at, rest = location.rpartition("@")
    user, colon, _ = credentials.partition(":")
    shown = f"{user}:{HIDDEN}@" if colon else f"{HIDDEN}@" if at else ""
    return f"{scheme}://{shown}{rest.partition('?')[0]}"


def require(package: str, extra: str, place: str) -> None:
    """Refuse to go on without a package. Raises BrokerLibraryMissing."""
    if importlib.util.find_spec(package) is None:
        raise BrokerLibraryMissing(
            f"the pub/sub broker {place} needs the package {package}, which is not installed",
            fix=f'pip install "spica[{extra}]"',
        )


def describe(problem: BaseException) -> str:
    """What went wrong, in words: some exceptions of libraries have none."""
    return str(problem) or type(problem).__name__


def _drop(message: bytes) -> None:
    """Messages of a broker that is stopped."""
