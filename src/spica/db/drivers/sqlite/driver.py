"""The SQLite driver: which statement goes where.

- A read outside a transaction runs on the loop's thread; if it takes too long, again in a background thread.
- A write goes to the writer's thread. A transaction is a stretch of that thread; its reads go there too.
- `:memory:` has one connection, which the writer owns; reads use it inline while no write or transaction is under way.
- Several processes may use one file: WAL lets them read while one writes, and writers wait up to `busy_timeout_ms`.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from spica.db.driver import DEFAULT_OPTIONS, Codec, Parameters, Row, TransactionOptions, Written
from spica.db.drivers.sqlite.background import BackgroundReaders
from spica.db.drivers.sqlite.codecs import CODECS
from spica.db.drivers.sqlite.connection import Fetch, fetch_named, fetch_rows, open_connection, run_write
from spica.db.drivers.sqlite.jobs import Job
from spica.db.drivers.sqlite.locks import held_file, held_in_memory
from spica.db.drivers.sqlite.options import build_options
from spica.db.drivers.sqlite.reader import InlineReader, SharedReader
from spica.db.drivers.sqlite.session import SqliteSession
from spica.db.drivers.sqlite.writer import Writer
from spica.db.errors import DatabaseClosed
from spica.db.url import DatabaseUrl

_READS = re.compile(r"\s*(select|values|explain)\b", re.IGNORECASE)


class SqliteDriver:
    """One SQLite database of this process. Connections are opened at first use, in the process that uses them."""

    dialect = "sqlite"
    codecs: Mapping[type, Codec] = CODECS
    statement_codecs: Mapping[type, Codec] = CODECS

    def __init__(self, url: DatabaseUrl) -> None:
        self.url = url
        self.options = build_options(url.options)
        self._reader: InlineReader | SharedReader | None = None
        self._background: BackgroundReaders | None = None
        self._memory: sqlite3.Connection | None = None
        self._memory = self._connect() if url.in_memory else None
        self._writer = Writer(self._connect, url.path)
        self._closed = False

    def read_now(self, sql: str, parameters: Parameters) -> list[Row] | None:
        """Read on this thread. Returns None when the statement is too slow for that or the database is busy."""
        return (self._reader or self._open_reader()).read(sql, parameters)

    async def read(self, sql: str, parameters: Parameters) -> list[Row]:
        """Read off the loop's thread."""
        rows: list[Row] = await self._read_off_loop(fetch_rows, sql, parameters)
        return rows

    async def read_named(self, sql: str, parameters: Parameters) -> list[dict[str, Any]]:
        """Run any statement and return its rows as dicts; one that may write goes to the writer."""
        fetch = self._read_off_loop if _READS.match(sql) else self._write
        rows: list[dict[str, Any]] = await fetch(fetch_named, sql, parameters)
        return rows

    async def write(self, sql: str, parameters: Parameters) -> Written:
        """Run one statement with a commit of its own."""
        written: Written = await self._write(run_write, sql, parameters)
        return written

    async def stream(self, sql: str, parameters: Parameters, *, size: int) -> AsyncIterator[list[Row]]:
        """Read in batches, all of one snapshot."""
        if self.url.in_memory:
            rows = await self._write(fetch_rows, sql, parameters)
            for start in range(0, len(rows), size):
                yield rows[start : start + size]
            return
        batches = self._background_readers().stream(sql, parameters, size)
        try:
            async for batch in batches:
                yield batch
        finally:
            await batches.aclose()  # type: ignore[attr-defined]  # it is an async generator

    async def begin(self, options: TransactionOptions = DEFAULT_OPTIONS) -> SqliteSession:
        """Open a transaction that holds the write lock from the start, so that it can't fail half-way for the lock.

        Transactions that write run one after another, which is as strict as any isolation asks for.
        """
        return await SqliteSession.begin(self._writer, read_only=options.read_only)

    def advisory_lock(self, name: str, wait_s: float | None) -> AbstractAsyncContextManager[None]:
        """Hold a lock by name. Raises LockTaken when it can't be had in time."""
        if self.url.in_memory:
            return held_in_memory(self, name, wait_s)
        return held_file(self.url.path, name, wait_s)

    async def close(self) -> None:
        """Finish queued writes and close every connection."""
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def _close(self) -> None:
        self._writer.close()
        if self._background is not None:
            self._background.close()
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        if self._memory is not None:
            self._memory.close()  # the writer's too, but it may never have started

    async def _read_off_loop(self, fetch: Fetch, sql: str, parameters: Parameters) -> Any:
        if self.url.in_memory:
            return await self._write(fetch, sql, parameters)
        return await self._background_readers().read(fetch, sql, parameters)

    async def _write(self, fetch: Fetch, sql: str, parameters: Parameters) -> Any:
        future = asyncio.get_running_loop().create_future()
        self._writer.submit(Job(lambda connection: fetch(connection, sql, parameters), sql, future))
        return await future

    def _open_reader(self) -> InlineReader | SharedReader:
        self._check_open()
        if self._memory is not None:
            self._reader = SharedReader(self._memory, self.url.path, self._writer.is_idle)
        else:
            connection = open_connection(self.url.path, self.options, query_only=True, wait=False)
            self._reader = InlineReader(connection, self.url.path, self.options.inline_read_ms)
        return self._reader

    def _background_readers(self) -> BackgroundReaders:
        self._check_open()
        if self._background is None:
            connect = partial(open_connection, self.url.path, self.options, query_only=True, wait=True)
            self._background = BackgroundReaders(connect, self.url.path, self.options.reader_threads)
        return self._background

    def _connect(self) -> sqlite3.Connection:
        return self._memory or open_connection(self.url.path, self.options, query_only=False, wait=True)

    def _check_open(self) -> None:
        if self._closed:
            raise DatabaseClosed(f"the database {self.url.path} was closed", fix="open it again: db.configure(...)")
