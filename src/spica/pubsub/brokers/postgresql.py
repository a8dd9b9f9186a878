"""PostgreSQL: LISTEN and NOTIFY on one channel for the whole application, over a connection of its own.

A notification is text of at most 7,999 octets:

    t <head> <text>      a frame that is text, whole; the head of `parts` in base64
    b <head and piece>   any other, or a part of a longer one, all of it in base64

Rules of this file:
- A batch is one statement, so one transaction and one turn at the lock that NOTIFY takes. PostgreSQL sends the
  notifications of a transaction in order, and those of others before or after them.
- Two equal notifications of one transaction would become one: the head has a number.
- Behind a pooler that gives each transaction another connection nothing is heard. That is found out at the start.
- Notifications stay in one database of a server; a replica has none.

Source: PostgreSQL documentation, NOTIFY.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from spica.db.errors import CannotOpen, DatabaseError, DatabaseUrlError
from spica.db.options import build_server_options
from spica.db.url import parse_url
from spica.pubsub.broker import BATCH
from spica.pubsub.brokers.parts import HEAD, Assembler, Splitter
from spica.pubsub.brokers.server import Deliver, Lost, ServerBroker, Timing, Wire, require
from spica.pubsub.errors import BrokerUrlError

MAX_NOTIFICATION_BYTES = 7_999
MAX_CHANNEL_BYTES = 63
_HEAD_LENGTH = len(b64encode(bytes(HEAD.size)))
_MAX_TEXT_BYTES = MAX_NOTIFICATION_BYTES - 1 - _HEAD_LENGTH
_MAX_PIECE_BYTES = (MAX_NOTIFICATION_BYTES - 1) // 4 * 3
_NOTIFY = "SELECT pg_notify($1, part) FROM unnest($2::text[]) WITH ORDINALITY AS parts (part, place) ORDER BY place"
MAX_HEARD_BYTES = 4 * 1_048_576  # beyond this, what was heard is handed over at once
_POOLER_TIMEOUT_S = 1.0


class PostgresqlBroker(ServerBroker):
    """A PostgreSQL, which may be the application's own.

    Args:    url: postgresql://user:password@host:5432/database, with the options of a database's URL; name: what tells
             this application from others in the same database; timing: default `Timing()`.
    Raises:  BrokerUrlError; BrokerLibraryMissing without the package asyncpg.
    """

    frame_bytes = _MAX_TEXT_BYTES

    def __init__(self, url: str, name: str, timing: Timing | None = None) -> None:
        try:
            self._url = parse_url(url)
        except DatabaseUrlError as problem:
            raise _unreadable(problem) from None
        super().__init__(f"postgresql://{self._url.place}", timing)
        require("asyncpg", "postgresql", self.place)
        from spica.db.drivers.postgresql.options import PostgresqlOptions  # its package needs asyncpg

        try:
            options = build_server_options(PostgresqlOptions, self._url.options, "PostgreSQL")
        except DatabaseUrlError as problem:
            raise _unreadable(problem) from None
        # What is prepared, and how long anything takes, is ours.
        self._options = replace(
            options, pgbouncer=True, statement_timeout_ms=0, connect_timeout_ms=int(self.timing.answer_s * 1_000)
        )
        self._channel = _channel(name)

    async def open(self, receive: Deliver, lost: Lost) -> Wire:
        """Connect, make sure that the connection stays ours, and listen."""
        import asyncpg

        connection = await self._connect()
        wire = _PostgresqlWire(connection, self._channel, receive)
        try:
            if await self._is_shared(connection):
                raise self.refused(
                    "a pooler stands between that gives each transaction another connection: nothing is heard there",
                    fix="give [pubsub] url PostgreSQL's own host and port, or a pool with pool_mode = session",
                )
            await wire.open(lost)
        except asyncpg.PostgresError as problem:
            await self.close_wire(wire)
            raise self.refused(str(problem), fix="give [pubsub] url a server that can be written to") from problem
        except BaseException:
            await self.close_wire(wire)
            raise
        return wire

    async def _connect(self) -> Any:
        from spica.db.drivers.postgresql.connection import open_connection

        try:
            return (await open_connection(self._url, self._options)).raw
        except CannotOpen as problem:
            raise self.refused(problem.why) from problem
        except DatabaseError as problem:
            raise self.unreachable(problem.why) from problem

    async def _is_shared(self, connection: Any) -> bool:
        """Whether a pooler gives what is idle to others: a transaction of a second connection would run on this one."""
        import asyncpg

        server = await connection.fetchval("SELECT pg_backend_pid()")
        if server == connection.get_server_pid():
            return False  # the server itself greeted us
        other = await self._connect()
        try:
            async with asyncio.timeout(_POOLER_TIMEOUT_S), other.transaction():
                if await other.fetchval("SELECT pg_backend_pid()") == server:
                    return True
                return bool(await connection.fetchval("SELECT pg_backend_pid()") != server)
        except TimeoutError:
            return False  # the pool has no more: the first one keeps what it has
        except asyncpg.PostgresError:
            return True  # a pooler of that kind refuses transactions, or loses what was prepared
        finally:
            other.terminate()


def _unreadable(problem: DatabaseUrlError) -> BrokerUrlError:
    return BrokerUrlError(f"[pubsub] url can't be read: {problem.what}", why=problem.why, fix=problem.fix)


def _channel(name: str) -> str:
    """The channel of an application. A long name is told apart by its hash."""
    channel = f"spica:{name}"
    if len(channel.encode()) <= MAX_CHANNEL_BYTES:
        return channel
    return f"spica:{hashlib.sha256(name.encode()).hexdigest()[:48]}"


class _PostgresqlWire:
    """One connection of asyncpg that listens and notifies."""

    def __init__(self, connection: Any, channel: str, receive: Deliver) -> None:
        self._connection = connection
        self._channel = channel
        self._splitter = Splitter()
        self._takes_unicode = False
        self._notify: Any = None
        self._receive = receive
        self._heard: deque[bytes] = deque()
        self._heard_bytes = 0
        self._is_turn_due = False

    async def open(self, lost: Lost) -> None:
        connection, assembler = self._connection, Assembler(self._splitter.sender)

        def hear(connection: Any, pid: int, channel: str, text: str) -> None:
            try:
                part = _decode(text)
            except ValueError:  # of somebody else
                return
            if (frame := assembler.add(part)) is not None:
                self._take(frame)

        connection.add_termination_listener(lambda connection: lost("the server closed the connection"))
        await connection.add_listener(self._channel, hear)
        self._takes_unicode = connection.get_settings().server_encoding == "UTF8"
        self._notify = await connection.prepare(_NOTIFY)

    async def send(self, frames: Sequence[bytes]) -> None:
        await self._notify.fetch(self._channel, [text for frame in frames for text in self._encode(frame)])

    async def check(self) -> None:
        await self._connection.execute("SELECT 1")

    async def close(self) -> None:
        await self._connection.close()

    def abort(self) -> None:
        self._hand_over(math.inf)
        self._connection.terminate()

    def _take(self, frame: bytes) -> None:
        """Hand a frame over, soon: asyncpg calls for all that it has read in one turn of the event loop."""
        self._heard.append(frame)
        self._heard_bytes += len(frame)
        if self._heard_bytes > MAX_HEARD_BYTES:
            self._hand_over(math.inf)
        elif not self._is_turn_due:
            self._take_turn()

    def _take_turn(self) -> None:
        self._is_turn_due = bool(self._heard)
        if self._is_turn_due:
            self._hand_over(BATCH)
            asyncio.get_running_loop().call_soon(self._take_turn)

    def _hand_over(self, count: float) -> None:
        """Hand over frames of so many messages."""
        while self._heard and count > 0:
            frame = self._heard.popleft()
            self._heard_bytes -= len(frame)
            count -= self._receive(frame)

    def _encode(self, frame: bytes) -> Iterator[str]:
        """Write a frame as notifications."""
        if len(frame) <= _MAX_TEXT_BYTES and (self._takes_unicode or frame.isascii()) and b"\0" not in frame:
            try:
                text = frame.decode()
            except UnicodeDecodeError:
                pass
            else:
                head = next(self._splitter.split(b"", MAX_NOTIFICATION_BYTES))
                yield f"t{b64encode(head).decode()}{text}"
                return
        for part in self._splitter.split(frame, _MAX_PIECE_BYTES):
            yield f"b{b64encode(part).decode()}"


def _decode(text: str) -> bytes:
    """Read a notification. Raises ValueError."""
    if text[:1] == "t":
        return b64decode(text[1 : _HEAD_LENGTH + 1]) + text[_HEAD_LENGTH + 1 :].encode()
    return b64decode(text[1:])
