"""Loading relations of records that are there already: one query for each relation, however many records.

Rules of this file:
- What is loaded is not loaded again; a record whose key changed since counts as not loaded.
- A many_to_many takes two queries, its pairs and its targets; a `through` one for each relation on its way.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any
from weakref import WeakKeyDictionary

from spica.orm.errors import NotPersisted
from spica.orm.relations.access import keep, keep_each, list_missing, loaded_value
from spica.orm.relations.pairs import Pairs
from spica.orm.relations.paths import Tree, parse_paths
from spica.orm.relations.relation import Relation

MOST_KEYS = 1_000  # in one statement; a text for each power of two below

_pairs: WeakKeyDictionary[Relation, Pairs] = WeakKeyDictionary()


async def load_paths(records: list[Any], paths: Iterable[str]) -> None:
    """Load relations of records of one model."""
    if records:
        await load_tree(records, parse_paths(type(records[0]), paths))


async def load_tree(records: list[Any], tree: Tree) -> None:
    """Load the relations of a tree, and on from their targets."""
    for name, inner in tree.items():
        if not records:
            return
        relation: Relation = type(records[0]).__schema__.relation(name)
        await load_relation(relation, records)
        if inner:
            await load_tree(targets_of(relation, records), inner)


async def load_relation(relation: Relation, records: list[Any]) -> None:
    """Load one relation of those records that have not loaded it."""
    missing = list_missing(records, relation)
    if not missing:
        return
    if relation.through is not None:
        await _load_through(relation, missing)
    elif relation.kind == "belongs_to":
        await _load_belongs_to(relation, missing)
    elif relation.kind == "many_to_many":
        await _load_many_to_many(relation, missing)
    else:
        await _load_has(relation, missing)


def targets_of(relation: Relation, records: Iterable[Any]) -> list[Any]:
    """List the loaded targets of records, each object once."""
    found: dict[int, Any] = {}
    for record in records:
        value = loaded_value(record, relation)
        for target in value if relation.many else (value,):
            if target is not None:
                found[id(target)] = target
    return list(found.values())


def query_of(relation: Relation, record: Any) -> Any:
    """Build the query for what a relation of one record leads to.

    Raises:  NotPersisted for an owner that is not in the database.
    """
    if relation.kind == "belongs_to":
        return relation.target.where(**{relation.key: getattr(record, relation.foreign_key)})
    if record._row is None:
        raise NotPersisted(f"{relation!r} of this record leads nowhere", why="it was never saved, or is destroyed")
    if relation.through is not None:
        first, second = relation.through
        query = _onwards(second, query_of(first, record))
    elif relation.kind == "many_to_many":
        query = relation.target.where(
            **{relation.other_key: pairs_of(relation).targets_of(getattr(record, relation.key))}
        )
    else:
        query = relation.target.where(**{relation.foreign_key: getattr(record, relation.key)})
    return query.order(*relation.options.order) if relation.options.order else query


def _onwards(relation: Relation, owners: Any) -> Any:
    """Build the query for what a relation of all records of a query leads to."""
    owners = owners.reorder()
    if relation.through is not None:
        first, second = relation.through
        return _onwards(second, _onwards(first, owners))
    target = relation.target
    if relation.kind == "belongs_to":
        return target.where(**{relation.key: owners.select(relation.foreign_key)})
    if relation.kind == "many_to_many":
        return target.where(**{relation.other_key: pairs_of(relation).targets_of(owners.select(relation.key))})
    return target.where(**{relation.foreign_key: owners.select(relation.key)})


def pairs_of(relation: Relation) -> Pairs:
    """Find the join table of a many_to_many."""
    pairs = _pairs.get(relation)
    if pairs is None:
        pairs = _pairs[relation] = Pairs(relation)
    return pairs


async def _load_belongs_to(relation: Relation, records: list[Any]) -> None:
    keys = list(map(attrgetter(relation.foreign_key), records))
    held = attrgetter(relation.key)
    targets = {held(target): target for target in await _fetch(relation, relation.key, set(keys))}
    keep_each(records, relation, map(targets.get, keys))


async def _load_has(relation: Relation, records: list[Any]) -> None:
    keys = list(map(attrgetter(relation.key), records))
    key_of = attrgetter(relation.foreign_key)
    groups: dict[Any, list[Any]] = {key: [] for key in keys}
    for target in await _fetch(relation, relation.foreign_key, groups):
        groups[key_of(target)].append(target)
    found = (groups[key] for key in keys)
    keep_each(records, relation, map(list, found) if relation.many else (each[0] if each else None for each in found))


async def _load_many_to_many(relation: Relation, records: list[Any]) -> None:
    groups: dict[Any, list[Any]] = {getattr(record, relation.key): [] for record in records}
    owners: dict[Any, list[Any]] = {}
    for keys in _chunks(groups):
        for owner, target in await pairs_of(relation).of_owners(keys):
            owners.setdefault(target, []).append(owner)
    held = relation.other_key
    for target in await _fetch(relation, held, owners):
        for owner in owners[getattr(target, held)]:
            groups[owner].append(target)
    keep_each(records, relation, [list(groups[getattr(record, relation.key)]) for record in records])


async def _load_through(relation: Relation, records: list[Any]) -> None:
    assert relation.through is not None
    first, second = relation.through
    await load_relation(first, records)
    await load_relation(second, targets_of(first, records))
    for record in records:
        targets = list(dict.fromkeys(targets_of(second, targets_of(first, [record]))))  # one row may come twice
        keep(record, relation, targets if relation.many else targets[0] if targets else None)


async def _fetch(relation: Relation, name: str, keys: Iterable[Any]) -> list[Any]:
    """Read the targets that have one of the keys in a field, in the relation's order; those of a belongs_to in none."""
    found: list[Any] = []
    is_alone = relation.kind == "belongs_to"  # one target for each key
    order = () if is_alone else relation.options.order or relation.target.__schema__.key.names
    for chunk in _chunks(keys):
        query = relation.target.where(**{name: chunk})
        found += await (query.order(*order) if order else query)
    return found


def _chunks(keys: Iterable[Any]) -> Iterable[list[Any]]:
    """Split keys into lists for one statement each; those of new records lead nowhere."""
    known = [key for key in keys if key is not None]
    return [known[start : start + MOST_KEYS] for start in range(0, len(known), MOST_KEYS)]
