"""The databases that the data suites run on, and the tables of their models in each one's words."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from spica.db.engine import Database
from spica.db.errors import ConstraintViolation
from spica.orm import Model, Text, field


class Color(Enum):
    RED = "red"
    GREEN = "green"


class Author(Model):
    name: str
    email: str | None = field(default=None, max=200)


class Book(Model):
    title: str
    author_id: int | None = None
    pages: int = 0


class Sample(Model):
    """One field of every type, all of them NULL at first."""

    content: Text | None = None
    whole: int | None = None
    fraction: float | None = None
    flag: bool | None = None
    moment: datetime | None = None
    birthday: date | None = None
    amount: Decimal | None = None
    token: UUID | None = None
    octets: bytes | None = None
    color: Color | None = None
    items: list[Any] | None = None
    extras: dict[str, Any] | None = None


# What differs from one database to the next.
WORDS = {
    "sqlite": {
        "text": "text",
        "id": "integer primary key",
        "moment": "datetime",
        "amount": "numeric",
        "uuid": "char(36)",
        "octets": "blob",
        "json": "text",
        "real": "real",
    },
    "postgresql": {
        "text": "text",
        "id": "bigserial primary key",
        "moment": "timestamptz",
        "amount": "numeric(30, 10)",
        "uuid": "uuid",
        "octets": "bytea",
        "json": "jsonb",
        "real": "double precision",
    },
    "mysql": {
        "text": "longtext",
        "id": "bigint primary key auto_increment",
        "moment": "datetime(6)",
        "amount": "decimal(30, 10)",
        "uuid": "char(36)",
        "octets": "longblob",
        "json": "json",
        "real": "double",
    },
}
TABLES = (
    "create table authors (id {id}, name varchar(200) not null, email varchar(200), constraint emails unique (email))",
    "create table books (id {id}, title varchar(200) not null, author_id bigint, pages bigint not null,"
    " constraint of_author foreign key (author_id) references authors (id),"
    " constraint some_pages check (pages >= 0))",
    "create table samples (id {id}, content {text}, whole bigint, fraction {real}, flag boolean, moment {moment},"
    " birthday date, amount {amount}, token {uuid}, octets {octets}, color varchar(20), items {json}, extras {json})",
)


async def create_tables(database: Database) -> None:
    """Make the tables of the models above."""
    for table in TABLES:
        await database.execute(table.format_map(WORDS[database.dialect]))


@contextmanager
def made_database(server: str) -> Iterator[str]:
    """A database of this process on a server. Gives its URL."""
    name = f"spica_test_{os.getpid()}_{secrets.token_hex(4)}"  # a run that was killed may have left one of this number
    head, _, tail = server.rpartition("/")
    _, question, options = tail.partition("?")
    run_aside(_execute(server, f"create database {name}"))
    try:
        yield f"{head}/{name}{question}{options}"
    finally:
        run_aside(_execute(server, f"drop database {name}"))


async def empty(database: Database) -> None:
    """Drop all tables of a server's database."""
    if database.dialect == "postgresql":
        await database.execute("drop schema public cascade")
        await database.execute("create schema public")
        return
    tables = await database.query(
        "select table_name as name from information_schema.tables where table_schema = database()"
    )
    while tables:
        with contextlib.suppress(ConstraintViolation):  # others point at it: they are dropped before the next round
            await database.execute(f"drop table `{tables[0]['name']}`")
            del tables[0]
            continue
        tables.append(tables.pop(0))


def patient(url: str) -> str:
    """The URL of a server with more time to connect: a busy machine may take longer than is right in production."""
    return f"{url}{'&' if '?' in url else '?'}connect_timeout_ms=20000"


async def _execute(server: str, statement: str) -> None:
    database = Database(patient(server))
    try:
        await database.execute(statement)
    finally:
        await database.close()


def run_aside(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine in a thread: pytest's own loop must not notice."""
    problems: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as problem:
            problems.append(problem)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if problems:
        raise problems[0]
