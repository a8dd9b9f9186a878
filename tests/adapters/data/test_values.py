"""Values, on every database: what goes in comes out, of the same type."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.adapters.data.databases import Color, Sample

pytestmark = pytest.mark.usefixtures("tables")

VALUES: list[tuple[str, Any]] = [
    ("content", ""),
    ("content", "é\n\t'\"\\ \N{PILE OF POO}"),
    ("content", "x" * 100_000),
    ("whole", 0),
    ("whole", -1),
    ("whole", 2**63 - 1),
    ("whole", -(2**63)),
    ("fraction", 0.1),
    ("fraction", -1.5e300),
    ("fraction", 5e-300),
    ("flag", True),
    ("flag", False),
    ("moment", datetime(2026, 11, 21, 9, 30, 0, 123456, tzinfo=UTC)),
    ("moment", datetime(1970, 1, 1, tzinfo=UTC)),
    ("moment", datetime(1066, 10, 14, 9, 0, tzinfo=UTC)),
    ("birthday", date(2026, 2, 28)),
    ("birthday", date(1066, 10, 14)),
    ("amount", Decimal("0.1")),
    ("amount", Decimal("-12345.67")),
    ("amount", Decimal(0)),
    ("token", UUID("12345678-1234-5678-9234-567812345678")),
    ("octets", b""),
    ("octets", bytes(range(256))),
    ("color", Color.GREEN),
    ("items", []),
    ("items", ["a", 1, None, {"b": [True, 2.5]}]),
    ("extras", {}),
    ("extras", {"é'\"": {"n": [1, 2]}, "none": None}),
]


@pytest.mark.parametrize(("name", "value"), VALUES, ids=lambda value: repr(value)[:30])
async def test_what_goes_in_comes_out(name: str, value: Any) -> None:
    created = await Sample.create(**{name: value})
    found = await Sample.find(created.id)
    assert getattr(found, name) == value
    assert type(getattr(found, name)) is type(value)
    assert not found.changed


@pytest.mark.parametrize("name", [field.name for field in Sample.__schema__.fields if field.name != "id"])
async def test_null_goes_in_and_comes_out(name: str) -> None:
    values: dict[str, Any] = dict(VALUES)
    sample = await Sample.create(**{name: values[name]})
    setattr(sample, name, None)
    assert await sample.save()
    assert getattr(await Sample.find(sample.id), name) is None
    assert await Sample.where(**{name: None}).count() == 1


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, value in VALUES if name not in ("items", "extras", "fraction")],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
async def test_a_row_is_found_by_its_value(name: str, value: Any) -> None:
    sample = await Sample.create(**{name: value})
    await Sample.create()
    assert [found.id for found in await Sample.where(**{name: value})] == [sample.id]


async def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    moment = datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    sample = await Sample.create(moment=moment)
    found = await Sample.find(sample.id)
    assert found.moment == moment
    assert found.moment is not None
    assert found.moment.utcoffset() == timedelta(0)
    assert [one.id for one in await Sample.where(moment=moment)] == [sample.id]


async def test_only_what_changed_is_written() -> None:
    sample = await Sample.create(items=["a"], extras={"b": 1, "a": 2})
    assert sample.items is not None
    sample.items.append("b")
    assert sample.changed == ["items"]
    assert await sample.save()
    assert (await Sample.find(sample.id)).items == ["a", "b"]
