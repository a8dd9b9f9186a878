"""Many rows at once, on every database; on PostgreSQL from some number on by COPY."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from spica import db
from spica.db.engine import Database
from spica.db.errors import ConstraintViolation
from spica.orm import Model, field
from spica.orm.bulk import COPY_ROWS
from spica.orm.errors import QueryError
from tests.adapters.data.databases import WORDS, Author, Book, Color, Sample

pytestmark = pytest.mark.usefixtures("tables")

MANY = COPY_ROWS + 44


def rows(number: int) -> list[dict[str, Any]]:
    return [{"name": f"author {n}", "email": f"{n}@example.com"} for n in range(number)]


@pytest.mark.parametrize("number", [0, 1, 3, 255, COPY_ROWS, MANY])
async def test_all_rows_are_there_in_order_with_keys_of_the_database(number: int) -> None:
    assert await Author.insert_all(rows(number)) == number
    assert [author.name for author in await Author.order("id")] == [f"author {n}" for n in range(number)]
    assert (await Author.create(name="next")).id > number


async def test_values_of_every_type_and_null() -> None:
    values: dict[str, Any] = {
        "content": "é\n\t'\"\\ \\N \N{PILE OF POO}",
        "whole": -(2**63),
        "fraction": 0.1,
        "flag": True,
        "moment": datetime(2026, 11, 21, 9, 30, 0, 123456, tzinfo=UTC),
        "birthday": "2026-02-28",
        "amount": Decimal("-12345.67"),
        "token": UUID("12345678-1234-5678-9234-567812345678"),
        "octets": bytes(range(256)),
        "color": Color.GREEN,
        "items": ["a", 1, None],
        "extras": {"é'\"": {"n": [1, 2]}},
    }
    one = await Sample.create(**values)
    assert await Sample.insert_all([values, dict.fromkeys(values)] * MANY) == 2 * MANY
    await one.reload()
    found = [sample for sample in await Sample.where(whole=-(2**63)) if sample.id != one.id]
    assert len(found) == MANY
    for name in values:
        assert {repr(getattr(sample, name)) for sample in found} == {repr(getattr(one, name))}
        assert await Sample.where(**{name: None}).count() == MANY


@pytest.mark.parametrize("number", [10, MANY])
async def test_a_refused_row_refuses_all(number: int) -> None:
    with pytest.raises(ConstraintViolation) as caught:
        await Author.insert_all([*rows(number), {"name": "again", "email": "3@example.com"}])
    assert (caught.value.kind, caught.value.columns) == ("unique", ("email",))
    assert "3@example.com" not in caught.value.what
    assert await Author.count() == 0
    with pytest.raises(ConstraintViolation) as caught:
        await Book.insert_all([{"title": "x", "pages": -1}] * number)
    assert caught.value.kind == "check"
    await Author.create(name="the connection is good")


@pytest.mark.parametrize("number", [10, MANY])
async def test_inside_of_a_transaction_it_is_undone_with_it(number: int) -> None:
    async with db.transaction():
        await Author.insert_all(rows(number))
        assert await Author.count() == number
        raise db.Rollback
    assert await Author.count() == 0


async def test_rows_with_other_fields() -> None:
    mixed = [{"title": "a"} if n % 2 else {"title": "b", "pages": 7} for n in range(2 * MANY)]
    assert await Book.insert_all(mixed) == 2 * MANY
    assert await Book.where(title="a", pages=0).count() == MANY
    assert await Book.where(title="b", pages=7).count() == MANY


@pytest.mark.parametrize("number", [10, MANY])
async def test_conflicts_that_are_ignored(number: int) -> None:
    await Author.insert_all(rows(5))
    assert await Author.insert_all(rows(number), on_conflict="ignore") == number - 5
    assert await Author.insert_all(rows(number), on_conflict="ignore") == 0


@pytest.mark.parametrize("number", [10, MANY])
async def test_a_value_of_the_wrong_type_is_named(number: int) -> None:
    with pytest.raises(QueryError, match=r"'many' can't be set as Book\.pages"):
        await Book.insert_all([{"title": "x", "pages": "many"}] * number)


async def test_names_that_must_be_quoted(tables: Database) -> None:
    class Order(Model, table="order"):
        team: str = field(column="group")
        Total: int

    quote = "`" if tables.dialect == "mysql" else '"'
    key = {"sqlite": "integer primary key", "mysql": "bigint primary key auto_increment"}
    await tables.execute(
        "create table @order@ (id {}, @group@ varchar(20), @Total@ bigint)".replace("@", quote).format(
            key.get(tables.dialect, "bigserial primary key")
        )
    )
    assert await Order.insert_all([{"team": "a", "Total": 1}] * MANY) == MANY
    assert await Order.where(team="a").sum("Total") == MANY


class Ticket(Model):
    id: UUID
    code: str = field(max=20)


@pytest.mark.parametrize("number", [1, 3, MANY])
async def test_keys_that_are_uuids_are_made(number: int, tables: Database) -> None:
    kind = WORDS[tables.dialect]["uuid"]
    await tables.execute(f"create table tickets (id {kind} primary key, code varchar(20) not null unique)")
    given = UUID("12345678-1234-5678-9234-567812345678")
    assert await Ticket.insert_all([{"id": given, "code": "given"}]) == 1
    assert await Ticket.insert_all([{"code": str(n)} for n in range(number)]) == number
    keys = await Ticket.ids()
    assert len(set(keys)) == number + 1
    assert all(isinstance(key, UUID) for key in keys)
    first = await Ticket.upsert({"code": "a"}, by="code")
    assert isinstance(first.id, UUID)
    assert (await Ticket.upsert({"code": "a"}, by="code")).id == first.id
    assert (await Ticket.upsert({"code": "given"}, by="code")).id == given


async def test_an_upsert_with_nothing_to_set_is_by_its_index_alone(tables: Database) -> None:
    kind = WORDS[tables.dialect]["uuid"]
    await tables.execute(f"create table tickets (id {kind} primary key, code varchar(20) not null unique)")
    taken = await Ticket.create(code="a")
    if tables.dialect != "mysql":  # which takes any unique index
        with pytest.raises(ConstraintViolation):
            await Ticket.upsert({"id": UUID(int=1), "code": "a"}, by="id")
    assert await Ticket.upsert({"code": "a"}, by="code") == taken
    assert await Ticket.count() == 1
