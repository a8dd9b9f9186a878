"""Tables of fields of every kind: what db diff writes makes them, the dump keeps them, models live in them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any
from uuid import UUID

import msgspec
import pytest

from spica import db
from spica.db import Database, use
from spica.db.errors import ConstraintViolation
from spica.migrations import BadOperation, MigrationFailed
from spica.migrations.source import render_operation
from spica.orm import Model, Password, Text, Timestamps, belongs_to, field, lock
from spica.orm.fields import FieldOptions
from tests.adapters.data.databases import patient
from tests.adapters.migrations.conftest import Project


class Size(Enum):
    SMALL = "small"
    ODD = "it's"


class Rank(IntEnum):
    LOW = 1
    HIGH = 2


class Shape(msgspec.Struct):
    name: str


class Country(Model):
    code: str = field(primary_key=True, max=2)
    name: str


class Account(Model):
    id: UUID
    email: str = field(unique=True, max=100, column="mail")
    password: Password
    country: str | None = None


class Line(Model):
    order_number: int = field(primary_key=True)
    position: int = field(primary_key=True)
    text: str


class Ticket(Model):
    number: int = field(primary_key=True)
    holder: str


class Everything(Model, Timestamps):
    title: str = field(max=50)
    body: Text = ""
    opens: time | None = None
    lasts: timedelta | None = None
    price: Decimal = field(default=Decimal("1.50"), precision=8, scale=2)
    size: Size = Size.SMALL
    rank: Rank | None = None
    tags: list[str] = field(default_factory=list)
    days: list[date] | None = None
    shape: Shape | None = None
    octets: bytes | None = None
    level: int = field(db_default="3")
    double: int | None = field(generated="level * 2")
    version: int = lock()
    account: Account = belongs_to()


MODELS = [Country, Account, Line, Ticket, Everything]


def written(project: Project, *models: type[Model]) -> list[str]:
    """The lines that db diff writes for models."""
    found = project.runner.diff([model.__schema__ for model in models])
    assert found.questions == []
    return [line for operation in found.operations for line in render_operation(operation)]


@pytest.fixture
async def tables(project: Project) -> AsyncIterator[Project]:
    """The project after the migration that db diff writes for all models here, its database as the default one."""
    project.write(1, "\n".join(written(project, *MODELS)))
    project.runner.migrate()
    database = Database(project.url if project.dialect == "sqlite" else patient(project.url))
    previous = use(database)
    yield project
    use(previous)
    await database.close()


async def test_what_db_diff_writes_makes_the_tables(tables: Project) -> None:
    assert written(tables, *MODELS) == []


async def test_the_dump_makes_the_same_tables(tables: Project) -> None:
    text = tables.schema_text()
    for said in (
        't.uuid_key("id")',
        't.string("code", limit=2, key=True)',
        't.string("password_hash", null=False)',
        't.decimal("price", precision=8, scale=2, null=False, default="1.5',
        'generated="level * 2"',
    ):
        assert said in text, said
    dumped = tables.schema.read_text()
    tables.runner.rollback()
    tables.schema.write_text(dumped)
    tables.runner.load()
    assert written(tables, *MODELS) == []
    tables.runner.dump()
    assert tables.schema_text() == text


async def test_models_live_in_the_tables(tables: Project) -> None:
    await Country.create(code="de", name="Germany")
    account = await Account.create(email="a@b.c", password="quiet-otter-lamp", country="de")
    assert await (await Account.find(account.id)).authenticate("quiet-otter-lamp")
    await Line.create(order_number=1, position=1, text="a")
    assert (await Line.find((1, 1))).text == "a"
    assert [(await Ticket.create(holder=name)).number for name in "ab"] == [1, 2]
    values: dict[str, Any] = {
        "opens": time(9, 30),
        "lasts": timedelta(minutes=90),
        "price": Decimal("9.50"),
        "size": Size.ODD,
        "rank": Rank.HIGH,
        "tags": ["a", "b"],
        "days": [date(2026, 11, 21)],
        "shape": Shape("x"),
        "octets": b"\0",
    }
    made = await Everything.create(title="x", account=account, **values)
    found = await Everything.find(made.id)
    assert {name: getattr(found, name) for name in values} == values
    assert (found.level, found.double, found.version) == (3, 6, 0)
    assert found.created_at <= datetime.now(UTC)
    assert await found.update(level=5)
    assert found.double == 10
    with pytest.raises(ConstraintViolation):
        await account.destroy()


async def test_an_enum_has_its_check(tables: Project) -> None:
    checks = [line for line in tables.schema_text().splitlines() if "is_known" in line]
    assert len(checks) == 2
    assert any("it''s" in check for check in checks)
    account = await Account.create(email="a@b.c", password="quiet-otter-lamp")
    made = await Everything.create(title="x", account=account)
    with pytest.raises(ConstraintViolation) as caught:
        await db.execute("update everythings set size = 'huge' where id = :id", id=made.id)
    assert caught.value.kind == "check"


async def test_an_enum_with_another_value_has_its_check_replaced(tables: Project) -> None:
    class Wider(Enum):
        SMALL = "small"
        ODD = "it's"
        LARGE = "large"

    class Other(Model, table="everythings"):
        size: Wider = Wider.SMALL

    lines = [line for line in written(tables, Other) if "check" in line]
    assert [line.partition("(")[0] for line in lines] == ["m.remove_check", "m.add_check"]
    assert "'large'" in lines[1]
    tables.write(2, "\n".join(lines))
    tables.runner.migrate()
    assert not [line for line in written(tables, Other) if "check" in line]
    tables.runner.rollback()
    tables.runner.verify()


async def test_a_list_with_a_default_is_added_to_rows(tables: Project) -> None:
    class Longer(Model, table="countries"):
        code: str = field(primary_key=True, max=2)
        name: str
        tags: list[str] = field(default_factory=list)
        extras: dict[str, Any] = field(default_factory=dict)

    await Country.create(code="de", name="Germany")
    lines = written(tables, Longer)
    assert all(end in line for line, end in zip(lines, ("default=[])", "default={})"), strict=True)), lines
    tables.write(2, "\n".join(lines))
    tables.runner.migrate()
    assert written(tables, Longer) == []
    found = await Longer.find("de")
    assert (found.tags, found.extras) == ([], {})
    odd = ["a", "", "é'\"{},NULL", "\\"]
    tables.write(3, f'm.add_column("countries", "odd", "array", of="string", null=False, default={odd!r})')
    tables.write(4, f'm.change_default("countries", "odd", ["new"], was={odd!r})')
    tables.runner.migrate()
    tables.runner.rollback()
    before = tables.schema_text()
    assert [result.result for result in tables.runner.verify()] == ["reversible"] * 4

    class Odd(Model, table="countries"):
        code: str = field(primary_key=True, max=2)
        odd: list[str]

    assert (await Odd.find("de")).odd == odd
    dumped = tables.schema.read_text()
    tables.runner.rollback(3)
    tables.schema.write_text(dumped)
    tables.runner.load()
    tables.runner.dump()
    assert tables.schema_text() == before


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "digits": ({"price": (Decimal, FieldOptions(precision=10, scale=3))}, "m.change_column"),
    "generated": ({"level": (int, FieldOptions(generated="id * 2"))}, "m.remove_column"),
    "a new array": ({"names": (list[str], FieldOptions(default_factory=list))}, 'm.add_column("everythings", "names"'),
    "a new duration": ({"wait": (timedelta | None, FieldOptions())}, '"interval"'),
}


@pytest.mark.parametrize("case", CHANGES)
async def test_a_field_of_another_kind_is_noticed(tables: Project, case: str) -> None:
    fields, says = CHANGES[case]
    kinds = {name: kind for name, (kind, _) in fields.items()}
    body: dict[str, Any] = {"__annotations__": kinds, "__module__": __name__}
    body |= {name: options for name, (_, options) in fields.items()}
    changed = type(Model)("Changed", (Model,), body, table="everythings")
    lines = [line for line in written_with_questions(tables, changed) if any(f'"{name}"' in line for name in fields)]
    assert any(says in line for line in lines), lines


def written_with_questions(project: Project, model: Any) -> list[str]:
    found = project.runner.diff([model.__schema__])
    return [line for operation in found.operations for line in render_operation(operation)]


DSL = """
    with m.create_table("countries") as t:
        t.string("code", limit=2, key=True)
    with m.create_table("users") as t:
        t.uuid_key()
        t.password()
        t.password("pin", null=True)
        t.enum("role", ["guest", "admin"], default="guest", null=False)
        t.enum("rank", [1, 2])
        t.interval("waits")
        t.array("names", of="string")
        t.references("country", table="countries", key_type="string", refers_to="code", limit=2)
    with m.create_table("visits") as t:
        t.references("user", key_type="uuid", null=False, key=True)
        t.integer("day", key=True)
        t.integer("seconds", null=False)
        t.integer("minutes", generated="seconds / 60")
"""


def test_the_words_for_it_are_dumped_and_undone(project: Project) -> None:
    project.write(1, DSL)
    project.runner.migrate()
    text = project.schema_text()
    for said in (
        't.uuid_key("id")',
        'key_type="uuid"',
        't.references("country", index=False, key_type="string", refers_to="code", limit=2)',
        't.integer("day", key=True)',
        't.string("pin_hash")',
    ):
        assert said.replace(', table="countries"', "") in text.replace(', table="countries"', ""), said
    assert [(result.result, result.why) for result in project.runner.verify()] == [("reversible", "")]
    project.runner.rollback()
    assert project.schema_text().strip() == "pass"
    project.runner.migrate()
    assert project.schema_text() == text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ('with m.create_table("a") as t:\n    t.array("names")', 'of="string"'),
        ('with m.create_table("a") as t:\n    t.array("names", of="strng")', "did you mean 'string'"),
        ('with m.create_table("a") as t:\n    t.enum("role", [])', "needs its values"),
        ('with m.create_table("a") as t:\n    t.integer("x", generated="1", default=2)', "can't have a default"),
        ('with m.create_table("a") as t:\n    t.string("x", of="string")', "a string column has no of"),
        ('m.create_table("a")\nm.add_column("a", "x", "uuid", key=True)', "say key=True in create_table"),
    ],
)
def test_what_can_not_be_is_refused(project: Project, change: str, says: str) -> None:
    project.write(1, change)
    with pytest.raises((BadOperation, MigrationFailed)) as caught:
        project.runner.migrate()
    assert says in str(caught.value) + str(caught.value.__cause__)
