"""The databases that are measured on: one that is made for the run, and dropped after it."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from benchmarks.failure import BenchmarkError
from spica.db import Database
from spica.errors import SpicaError

KINDS = ["sqlite", "postgresql", "mysql"]


@contextmanager
def made_database(kind: str) -> Iterator[str]:
    """Make a database and drop it afterwards. Gives its URL.

    A file is where temporary files are. A server is that of PGHOST, PGPORT, PGUSER, PGPASSWORD (MYSQL_HOST ... for
    MariaDB), else on its usual port of this machine.
    """
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite://{folder}/bench.db"
        return
    server, name = _server_of(kind), f"spica_bench_{os.getpid()}"
    try:
        asyncio.run(_run(f"{server}/{_home(kind)}", f"create database {name}"))
    except SpicaError as error:
        raise BenchmarkError(f"No {kind} to measure on: {error.short}") from error
    try:
        yield f"{server}/{name}"
    finally:
        # Servers of a run that failed may still be connected.
        force = " with (force)" if kind == "postgresql" else ""
        asyncio.run(_run(f"{server}/{_home(kind)}", f"drop database {name}{force}"))


def _server_of(kind: str) -> str:
    prefix, user, port = ("PG", "postgres", "5432") if kind == "postgresql" else ("MYSQL_", "root", "3306")
    found = {key: os.environ.get(f"{prefix}{key}", "") for key in ("HOST", "PORT", "USER", "PASSWORD")}
    password = f":{quote(found['PASSWORD'], safe='')}" if found["PASSWORD"] else ""
    credentials = quote(found["USER"] or user, safe="") + password
    return f"{kind}://{credentials}@{found['HOST'] or '127.0.0.1'}:{found['PORT'] or port}"


def _home(kind: str) -> str:
    return "postgres" if kind == "postgresql" else "mysql"


async def _run(url: str, statement: str) -> None:
    database = Database(url)
    try:
        await database.execute(statement)
    finally:
        await database.close()
