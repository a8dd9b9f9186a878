"""Properties of joins, unions and windows: they find what hand-written SQLAlchemy Core finds."""

from __future__ import annotations

import asyncio
from typing import Any

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from spica.db import Database, use
from spica.orm import Model, alias, count, lag, rank, row_number, sum_
from tests.unit.orm.test_query_properties import TABLE, Item, Pair, _joined, items, leaves, names, numbers, rows


class Holder(Model):
    name: str
    size: int


HOLDERS = "create table holders (id integer primary key, name text not null, size integer not null)"
holders = sa.table("holders", sa.column("id"), sa.column("name"), sa.column("size"))
conditions = st.recursive(leaves(), _joined, max_leaves=4)
OPERATORS = {"union": sa.union, "union_all": sa.union_all, "intersect": sa.intersect, "except_": sa.except_}


@settings(max_examples=100, deadline=None)
@given(
    data=rows,
    held=st.lists(st.tuples(names, numbers), max_size=4),
    first=conditions,
    second=conditions,
    operator=st.sampled_from(sorted(OPERATORS)),
    is_left=st.booleans(),
    number=numbers,
    bounds=st.tuples(st.integers(0, 6), st.integers(0, 3)),
)
def test_joins_unions_and_windows_are_those_of_sqlalchemy(
    data: list[tuple[str, int, int | None]],
    held: list[tuple[str, int]],
    first: Pair,
    second: Pair,
    operator: str,
    is_left: bool,
    number: int,
    bounds: tuple[int, int],
) -> None:
    limit, offset = bounds
    on = sa.and_(items.c.owner == holders.c.id, holders.c.size >= number)
    joined = items.join(holders, on, isouter=is_left)
    other = items.alias()
    paired = items.join(other, sa.and_(other.c.owner == items.c.owner, other.c.id > items.c.id))
    combined = OPERATORS[operator](sa.select(items).where(first[1]), sa.select(items).where(second[1])).subquery()
    by_owner = {"partition_by": items.c.owner, "order_by": [items.c.size.desc(), items.c.id]}
    statements = {
        "joined": sa.select(items.c.id, holders.c.id, items.c.size + holders.c.size)
        .select_from(joined)
        .where(first[1])
        .order_by(items.c.id)
        .limit(limit)
        .offset(offset),
        "grouped": sa.select(holders.c.name, sa.func.count(items.c.id))
        .select_from(joined)
        .where(second[1])
        .group_by(holders.c.name)
        .order_by(holders.c.name),
        "distinct": sa.select(sa.func.count(sa.distinct(items.c.id))).select_from(joined).where(first[1]),
        "paired": sa.select(items.c.id, other.c.id)
        .select_from(paired)
        .where(first[1])
        .order_by(items.c.id, other.c.id),
        "combined": sa.select(combined.c.id).where(combined.c.size > number).order_by(combined.c.id),
        "combined count": sa.select(sa.func.count()).select_from(combined),
        "windows": sa.select(
            items.c.id,
            sa.func.row_number().over(**by_owner),
            sa.func.rank().over(order_by=items.c.size),
            sa.func.lag(items.c.size).over(order_by=items.c.id),
            sa.func.sum(items.c.size * number).over(**by_owner),
            sa.func.sum(items.c.size).over(order_by=items.c.id, rows=(-1, 1)),
        )
        .where(first[1])
        .order_by(items.c.id),
    }
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        for table in (TABLE, HOLDERS):
            connection.execute(sa.text(table))
        for name, size, owner in data:
            connection.execute(sa.insert(items).values(name=name, size=size, owner=owner))
        for name, size in held:
            connection.execute(sa.insert(holders).values(name=name, size=size))
        expected = {
            what: [tuple(row) for row in connection.execute(statement)] for what, statement in statements.items()
        }
    engine.dispose()

    async def run() -> dict[str, Any]:
        database = Database("sqlite://:memory:")
        previous = use(database)
        try:
            for table in (TABLE, HOLDERS):
                await database.execute(table)
            await Item.insert_all([{"name": name, "size": size, "owner": owner} for name, size, owner in data])
            await Holder.insert_all([{"name": name, "size": size} for name, size in held])
            return await ask()
        finally:
            use(previous)
            await database.close()

    async def ask() -> dict[str, Any]:
        make = Item.left_joins if is_left else Item.joins
        join = make(Holder, on=(Item.owner == Holder.id) & (Holder.size >= number))
        twin = alias(Item, "twin")
        pair = Item.joins(twin, on=(twin.owner == Item.owner) & (twin.id > Item.id)).where(first[0])
        both = getattr(Item.where(first[0]), operator)(Item.where(second[0]))
        window = {"partition_by": Item.owner, "order": [Item.size.desc(), Item.id]}
        in_order = join.where(first[0]).order("id").limit(limit).offset(offset)
        return {
            "joined": await in_order.pluck("id", Holder.id, Item.size + Holder.size),
            "grouped": await join.where(second[0])
            .group(Holder.name)
            .order(Holder.name)
            .select(name=Holder.name, n=count(Item.id)),
            "distinct": [(await join.where(first[0]).distinct().count(),)],
            "paired": await pair.order("id", twin.id).pluck("id", twin.id),
            "combined": [(id,) for id in await both.where(Item.size > number).order("id").ids()],
            "combined count": [(await both.count(),)],
            "windows": await Item.where(first[0])
            .order("id")
            .pluck(
                "id",
                row_number().over(**window),
                rank().over(order=Item.size),
                lag(Item.size).over(order=Item.id),
                sum_(Item.size * number).over(**window),
                sum_(Item.size).over(order=Item.id, rows=(-1, 1)),
            ),
        }

    found = asyncio.run(run())
    assert {what: [tuple(row) for row in values] for what, values in found.items()} == expected
