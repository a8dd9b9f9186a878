"""Parents: what a saved or destroyed record changes in the rows that its belongs_to lead to: counters and times.

Rules of this file:
- A counter is changed by the database (`comments_count = comments_count + 1`), so that two at once are both counted.
- What the row says counts, not what the record remembers: where it may have moved meanwhile, it is locked and read.
- A parent that is being destroyed is left alone. Touching goes on from parent to parent, and to each once.
- Rows are changed by statements: no validation, no callbacks, and records in memory stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from spica.orm.errors import QueryError
from spica.orm.relations.destroying import is_destroyed_now
from spica.orm.relations.relation import Relation
from spica.orm.schema import Schema
from spica.orm.shapes import QueryShape, Shape
from spica.orm.storage import storage_of

Keys = Mapping[Relation, Any]  # the keys that a row has, by belongs_to


async def enter(record: Any, schema: Schema) -> None:
    """Count and touch for a record that is about to be inserted."""
    if not _is_marked(record, schema):
        await _change(schema, {}, _keys_of(record, schema))


async def move(record: Any, schema: Schema) -> None:
    """Count and touch for a record that is about to be updated."""
    if _is_marked(record, schema):
        return  # whoever marked it has counted it out
    now = _keys_of(record, schema)
    before = _keys_in_row(record, schema)
    if any(relation.counter is not None and before[relation] != now[relation] for relation in now):
        before = await lock_keys(record, schema)
    await _change(schema, before, now)


async def lock_keys(record: Any, schema: Schema) -> Keys:
    """Lock a record's row and read which parents it has; none when it is gone."""
    database, storage = storage_of(type(record))
    names = [relation.foreign_key for relation in schema.parents]
    plan = storage.plan(QueryShape(("lock", *names), schema.key.conditions))
    rows = await database.read(plan.sql, plan.arrange(record._row[: schema.key.size]))
    if not rows:
        return {}
    values = [storage.decode(schema.field(name).position, value) for name, value in zip(names, rows[0], strict=True)]
    return dict(zip(schema.parents, values, strict=True))


async def leave(schema: Schema, before: Keys) -> None:
    """Count and touch for a record that was deleted, by the keys that its row had."""
    await _change(schema, before, {})


async def touch(relation: Relation, keys: Iterable[Any]) -> None:
    """Touch the targets of a belongs_to, and on from there."""
    reached: set[tuple[Any, Any]] = set()
    for key in _sorted(keys):
        await _touch(relation, key, {}, reached)


def build_recount(relation: Relation) -> tuple[Shape, tuple[Any, ...]]:
    """Build what counts the records of a has_many anew: a part of the operation "recount", and its values.

    Raises:  QueryError for a relation that has no counter.
    """
    inverse = relation.inverse if relation.kind == "has_many" and relation.through is None else None
    if inverse is None or inverse.counter is None:
        raise QueryError(
            f"{relation!r} has no counter",
            fix=f"declare it in {relation.target.__name__}: belongs_to(counter_cache=True)",
        )
    records = relation.target.all()  # those that default scopes leave out are not counted
    schema, query, values = records.as_subquery()
    return (inverse.counter, schema, inverse.foreign_key, inverse.key, query.conditions), values


async def _change(schema: Schema, before: Keys, now: Keys) -> None:
    reached: set[tuple[Any, Any]] = set()
    for relation in schema.parents:
        old, new = before.get(relation), now.get(relation)
        for key in _sorted({old, new}):
            step = (key == new) - (key == old)
            counts = {relation.counter: step} if relation.counter is not None and step else {}
            if not is_destroyed_now(relation.target, relation.key, key):
                await _touch(relation, key, counts, reached)


async def _touch(relation: Relation, key: Any, counts: Mapping[str, int], reached: set[tuple[Any, Any]]) -> None:
    """Change one parent: its counters, and its times where the relation says so, and those of its parents."""
    target, touched = relation.target, relation.touched
    address = target, (relation.key, key)
    if address in reached:
        touched = ()
    reached.add(address)
    if not counts and not touched:
        return
    database, storage = storage_of(target)
    names = (*counts, *touched)
    plan = storage.plan(QueryShape(("adjust", len(counts), *names), (("eq", relation.key),)))
    await database.write(plan.sql, plan.bind((*counts.values(), *([datetime.now(UTC)] * len(touched)), key)))
    if not touched:
        return
    for further in target.__schema__.parents:
        if further.touched:
            for held in await target.unscoped().where(**{relation.key: key}).pluck(further.foreign_key):
                if held is not None:
                    await _touch(further, held, {}, reached)


def _is_marked(record: Any, schema: Schema) -> bool:
    """Whether a record is marked as deleted: then it is not counted."""
    return schema.deletion is not None and getattr(record, schema.deletion.name) is not None


def _keys_of(record: Any, schema: Schema) -> Keys:
    return {relation: getattr(record, relation.foreign_key) for relation in schema.parents}


def _keys_in_row(record: Any, schema: Schema) -> Keys:
    _, storage = storage_of(type(record))
    positions = {relation: schema.field(relation.foreign_key).position for relation in schema.parents}
    return {relation: storage.decode(position, record._row[position]) for relation, position in positions.items()}


def _sorted(keys: Iterable[Any]) -> list[Any]:
    """Keys in an order that is everywhere the same, so that two transactions lock rows in the same one."""
    return sorted((key for key in keys if key is not None), key=repr)
