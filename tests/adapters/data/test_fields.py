"""Fields of every kind, on every database: kept, compared, noticed when changed, computed, refused."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

import msgspec
import pydantic
import pytest

from spica import db
from spica.db.engine import Database
from spica.orm import Model, ModelDefinitionError, QueryError, StoredValueError, field

# What differs from one database to the next.
WORDS = {
    "sqlite": {
        "id": "integer primary key",
        "json": "text",
        "texts": "text",
        "numbers": "text",
        "days": "text",
        "moment": "datetime",
        "interval": "bigint",
        "now": "CURRENT_TIMESTAMP",
        "clock": "time",
        "both": "first_name || ' ' || family",
    },
    "postgresql": {
        "id": "bigserial primary key",
        "json": "jsonb",
        "texts": "text[]",
        "numbers": "bigint[]",
        "days": "date[]",
        "moment": "timestamptz",
        "interval": "interval",
        "now": "now()",
        "clock": "time",
        "both": "first_name || ' ' || family",
    },
    "mysql": {
        "id": "bigint primary key auto_increment",
        "json": "json",
        "texts": "json",
        "numbers": "json",
        "days": "json",
        "moment": "datetime(6)",
        "interval": "bigint",
        "now": "now(6)",
        "clock": "time(6)",
        "both": "concat(first_name, ' ', family)",
    },
}
TABLES = (
    "create table kinds (id {id}, opens {clock}, lasts {interval}, price numeric(8, 2), whole numeric(4), rank integer,"
    " tags {texts}, counts {numbers}, days {days}, plain {json}, shape {json}, shapes {json}, point {json},"
    " options {json}, address {json}, addresses {json}, pair {json}, odd {json}, sent {moment})",
    "create table people (id {id}, first_name varchar(50) not null, family varchar(50) not null,"
    " full_name varchar(101) generated always as ({both}) stored,"
    " joined {moment} not null default {now}, level integer not null default 3, code varchar(20) not null,"
    " views integer not null, constraint one_code unique (code))",
)


class Rank(IntEnum):
    LOW = 1
    HIGH = 2


class Shape(msgspec.Struct):
    name: str
    sides: int = 3


@dataclass
class Point:
    x: int
    y: int
    seen: list[date] = attribute(default_factory=list)


@dataclass(eq=False)
class Odd:
    """Two of them are never equal."""

    numbers: list[int]


class Options(TypedDict, total=False):
    color: str
    sizes: list[int]


class Pair(NamedTuple):
    left: int
    right: int


class Address(pydantic.BaseModel):
    street: str
    number: int = 1


class Kind(Model):
    opens: time | None = None
    lasts: timedelta | None = None
    price: Decimal | None = field(default=None, precision=8, scale=2)
    whole: Decimal | None = field(default=None, precision=4)
    rank: Rank | None = None
    tags: list[str] | None = None
    counts: list[int] | None = None
    days: list[date] | None = None
    plain: list[str] | None = field(default=None, json=True)
    shape: Shape | None = None
    shapes: list[Shape] | None = None
    point: Point | None = None
    options: Options | None = None
    address: Address | None = None
    addresses: dict[str, Address] | None = None
    pair: Pair | None = None
    odd: Odd | None = None
    sent: datetime | None = None


class Person(Model, table="people"):
    given: str = field(max=50, column="first_name")
    family: str
    full_name: str = field(generated="first_name || ' ' || family")
    joined: datetime = field(db_default="now()")
    level: int = field(db_default="3")
    code: str = field(readonly=True, unique=True)
    views: int = field(default=0, init=False)


@pytest.fixture(autouse=True)
async def made(database: Database) -> None:
    """The tables of the models above."""
    for table in TABLES:
        await database.execute(table.format_map(WORDS[database.dialect]))


VALUES: list[tuple[str, Any]] = [
    ("opens", time(9, 30)),
    ("opens", time(23, 59, 59, 999_999)),
    ("opens", time(0)),
    ("lasts", timedelta(0)),
    ("lasts", timedelta(days=400, microseconds=1)),
    ("lasts", -timedelta(hours=1, microseconds=1)),
    ("price", Decimal("9.50")),
    ("price", Decimal("-999999.99")),
    ("whole", Decimal(9_999)),
    ("rank", Rank.HIGH),
    ("tags", []),
    ("tags", ["a", "", "é'\"{},NULL", "\\"]),
    ("counts", [1, -(2**63), 2**63 - 1]),
    ("days", [date(2026, 11, 21)]),
    ("plain", ["a"]),
    ("shape", Shape("square", 4)),
    ("shapes", [Shape("square", 4), Shape("triangle")]),
    ("point", Point(1, 2, [date(2026, 1, 1)])),
    ("options", Options(color="red", sizes=[1, 2])),
    ("address", Address(street="Main")),
    ("addresses", {"home": Address(street="Main", number=7)}),
    ("pair", Pair(1, 2)),
    ("sent", datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
]


@pytest.mark.parametrize(("name", "value"), VALUES, ids=lambda value: repr(value)[:40])
async def test_what_goes_in_comes_out(name: str, value: Any) -> None:
    created = await Kind.create(**{name: value})
    found = await Kind.find(created.id)
    assert getattr(found, name) == value
    assert type(getattr(found, name)) is type(value)
    assert found.changed == []
    assert await found.update(price=Decimal(1))  # the others are compared with their rows
    assert found.changed == []
    assert await Kind.insert_all([{name: value}]) == 1
    assert getattr(await Kind.last(), name) == value


SCALARS = [pair for pair in VALUES if pair[0] in ("opens", "lasts", "price", "whole", "rank", "sent")]


@pytest.mark.parametrize(("name", "value"), SCALARS, ids=lambda value: repr(value)[:40])
async def test_a_row_is_found_by_its_value(name: str, value: Any) -> None:
    kind = await Kind.create(**{name: value})
    await Kind.create()
    assert [found.id for found in await Kind.where(**{name: value})] == [kind.id]
    assert [found.id for found in await Kind.where(getattr(Kind, name).in_([value, value]))] == [kind.id]
    assert await Kind.where(getattr(Kind, name) >= value).pluck(name) == [value]
    assert await Kind.maximum(name) == value


async def test_times_and_durations_sort_as_they_are() -> None:
    times = [time(0), time(9), time(9, 0, 0, 1), time(10)]
    lengths = [-timedelta(days=3), timedelta(0), timedelta(seconds=9), timedelta(seconds=10)]
    for moment, length in zip(reversed(times), reversed(lengths), strict=True):
        await Kind.create(opens=moment, lasts=length)
    assert await Kind.where(Kind.opens != None).order("opens").pluck("opens") == times  # noqa: E711  # SQL
    assert await Kind.order("lasts").pluck("lasts") == lengths


@pytest.mark.parametrize(
    ("name", "typed", "expected"),
    [
        ("opens", "09:30", time(9, 30)),
        ("lasts", "1:30:00", timedelta(minutes=90)),
        ("price", "9.5", Decimal("9.50")),
        ("tags", '["a"]', ["a"]),
        ("shape", {"name": "square", "sides": "4"}, Shape("square", 4)),
        ("shapes", '[{"name": "x"}]', [Shape("x")]),
        ("address", {"street": "Main", "number": "7"}, Address(street="Main", number=7)),
        ("addresses", {"home": {"street": "Main"}}, {"home": Address(street="Main")}),
        ("sent", "2026-11-21T09:30", datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
        ("sent", datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
async def test_what_a_form_or_json_gives_becomes_the_type(name: str, typed: Any, expected: Any) -> None:
    kind = await Kind.create(**{name: typed})
    assert getattr(kind, name) == expected
    assert getattr(await Kind.find(kind.id), name) == expected


@pytest.mark.parametrize(
    ("name", "wrong", "says"),
    [
        ("opens", "25:00", "is not a time of day"),
        ("opens", time(9, tzinfo=UTC), "has a time zone"),
        ("lasts", 90, "is not a duration"),
        ("price", "9.999", "must have at most 2 digits after the point"),
        ("price", Decimal("1000000"), "must have at most 6 digits before the point"),
        ("whole", "1.5", "must be a whole number"),
        ("rank", 3, "is not included in the list"),
        ("tags", [1], "is not valid: Expected `str`, got `int` - at `$[0]`"),
        ("tags", "no json", "is not valid JSON"),
        ("shape", {"sides": 4}, "is not valid: Object missing required field `name`"),
        ("shapes", [{"name": 7}], "is not valid: Expected `str`, got `int` - at `$[0].name`"),
        ("shape", Shape("x", "many"), "is not valid: Expected `int`, got `str` - at `$.sides`"),  # type: ignore[arg-type]
        ("address", {"street": "x", "number": "many"}, "is not valid: Input should be a valid integer"),
        ("point", object(), "is not valid"),
        ("sent", datetime(2026, 11, 21), "has no time zone"),
    ],
)
async def test_what_does_not_fit_is_a_message_at_the_field(name: str, wrong: Any, says: str) -> None:
    kind = Kind(**{name: wrong})
    assert not await kind.save()
    assert says in kind.errors.on(name)[0]
    assert getattr(kind, name) is wrong
    assert not await kind.save(validate=False)


async def test_a_naive_moment_is_refused_where_it_is_compared_and_where_it_is_set() -> None:
    for ask in (lambda: Kind.where(Kind.sent > datetime.now()).count(), lambda: Kind.update_all(sent=datetime.now())):
        with pytest.raises(QueryError) as caught:
            await ask()
        assert "datetime.now(UTC)" in str(caught.value)


async def test_a_change_inside_of_a_value_is_noticed_and_nothing_else_is() -> None:
    kind = await Kind.create(
        tags=["a"], shape=Shape("x"), shapes=[Shape("x")], point=Point(1, 2), odd=Odd([1]), address=Address(street="M")
    )
    kind = await Kind.find(kind.id)
    assert kind.changed == []
    held = kind.tags
    for name, change in {
        "tags": lambda: kind.tags.append("b"),  # type: ignore[union-attr]
        "shape": lambda: setattr(kind.shape, "sides", 5),
        "shapes": lambda: setattr(kind.shapes[0], "sides", 6),  # type: ignore[index]
        "point": lambda: kind.point.seen.append(date(2026, 1, 2)),  # type: ignore[union-attr]
        "odd": lambda: kind.odd.numbers.append(2),  # type: ignore[union-attr]
        "address": lambda: setattr(kind.address, "number", 8),
    }.items():
        change()
        assert kind.changed == [name]
        assert await kind.save()
        assert kind.changed == []
    found = await Kind.find(kind.id)
    assert (found.tags, found.shape, found.point) == (["a", "b"], Shape("x", 5), Point(1, 2, [date(2026, 1, 2)]))
    assert found.odd is not None
    assert found.odd.numbers == [1, 2]
    assert kind.tags is held  # a save does not put another object in the place of the one that others hold


async def test_a_stored_value_of_another_type_says_which_column_holds_it() -> None:
    kind = await Kind.create(shape=Shape("x"))
    await db.execute("update kinds set shape = :shape", shape={"name": 7})
    with pytest.raises(StoredValueError, match=r"Kind\.shape"):
        await Kind.find(kind.id)


async def test_an_array_where_there_are_arrays(database: Database) -> None:
    await Kind.create(tags=["a", "b"], plain=["c"])
    if database.dialect == "postgresql":
        assert await db.query("select id from kinds where 'b' = any(tags)")
        assert await db.query("select id from kinds where plain ? 'c'")
    else:
        assert (await db.query("select tags from kinds"))[0]["tags"] == '["a","b"]'


async def test_a_column_of_another_name() -> None:
    person = await Person.create(given="Ann", family="Lee", code="a")
    assert (await db.query("select first_name from people"))[0]["first_name"] == "Ann"
    assert [found.id for found in await Person.where(given="Ann").order("given")] == [person.id]
    assert await Person.where(Person.given.starts_with("A")).pluck("given") == ["Ann"]  # type: ignore[attr-defined]
    assert await person.update(given="Eve")
    assert await Person.update_all(given="Zoe") == 1
    assert (await Person.find(person.id)).given == "Zoe"
    assert await Person.select("given").group("given") == [("Zoe",)]
    upserted = await Person.upsert({"given": "Kim", "family": "Lee", "code": "a", "views": 0}, by="code")
    assert (upserted.id, upserted.given, upserted.full_name) == (person.id, "Kim", "Kim Lee")


async def test_what_the_database_computes_is_read_back_and_never_written() -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    person = await Person.create(given="Ann", family="Lee", code="a")
    assert (person.full_name, person.level) == ("Ann Lee", 3)
    assert before < person.joined < datetime.now(UTC) + timedelta(seconds=5)
    assert person.changed == []
    assert await person.update(family="Day")
    assert person.full_name == "Ann Day"
    assert person.changed == []
    assert (await Person.create(given="Bob", family="Ray", code="b", level=9)).level == 9
    assert await Person.insert_all([{"given": "Cid", "family": "Fox", "code": "c", "views": 1}]) == 1
    assert await Person.where(full_name="Cid Fox").pluck("level") == [3]
    person.full_name = "somebody else"
    assert not await person.save()
    assert person.errors.on("full_name") == ["is computed by the database"]
    for write in (
        lambda: Person.update_all(full_name="x"),
        lambda: Person.insert_all([{"full_name": "x"}]),
        lambda: Person.upsert({"full_name": "x", "code": "a"}, by="code"),
    ):
        with pytest.raises(QueryError, match="full_name can't be written"):
            await write()


async def test_a_new_record_in_a_transaction_that_is_undone_can_be_saved_again() -> None:
    person = Person(given="Ann", family="Lee", code="a")
    async with db.transaction():
        assert await person.save()
        raise db.Rollback
    assert person.new_record
    assert await person.save()
    assert (await Person.find(person.id)).full_name == "Ann Lee"


async def test_what_is_readonly_is_written_once() -> None:
    person = await Person.create(given="Ann", family="Lee", code="a")
    person.code = "b"
    assert not await person.save()
    assert not await person.save(validate=False)
    assert [message.code for message in person.errors.details("code")] == ["readonly"]
    assert (await person.reload()).code == "a"
    assert await person.update(family="Day")


async def test_a_unique_column_of_another_name_refuses_at_the_field(database: Database) -> None:
    await Person.create(given="Ann", family="Lee", code="a")
    person = Person(given="Bob", family="Ray", code="a")
    assert not await person.save()
    assert person.errors.on("code") == ["has already been taken"]
    with pytest.raises(ModelDefinitionError, match="can't both be the column"):

        class Twice(Model):
            name: str
            other: str = field(column="name")


async def test_a_key_by_another_name_and_a_uuid() -> None:
    class Ticket(Model):
        number: UUID = field(primary_key=True, column="ticket_number")
        holder: str

    kind = "uuid" if db.current().dialect == "postgresql" else "char(36)"
    await db.execute(f"create table tickets (ticket_number {kind} primary key, holder varchar(20) not null)")
    ticket = await Ticket.create(holder="Ann")
    assert await ticket.update(holder="Bob")
    assert (await Ticket.find(str(ticket.number))).holder == "Bob"
    await ticket.reload()
    await ticket.destroy()
    assert await Ticket.count() == 0


async def test_a_pickled_record_goes_on_where_it_was() -> None:
    kind = await Kind.create(tags=["a"], shape=Shape("x"), price="1.5")
    copy = pickle.loads(pickle.dumps(await Kind.find(kind.id)))
    assert (copy, copy.changed, copy.tags, copy.shape) == (kind, [], ["a"], Shape("x"))
    copy.tags.append("b")
    assert copy.changed == ["tags"]
    assert await copy.save()
    assert (await Kind.find(kind.id)).tags == ["a", "b"]
