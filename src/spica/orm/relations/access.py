"""A relation as attribute: `Post.author` is the relation, `post.author` the record it leads to, when that was loaded.

Rules of this file:
- Values live in the record's `_loaded`, beside its fields: no JSON, no comparison and no statement sees them.
- Nothing is read from the database here: what was not loaded raises NotLoaded with the line to add.
- A belongs_to whose key was changed since is not loaded any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any

from spica import inflection
from spica.orm.errors import NotLoaded, NotPersisted, QueryError
from spica.orm.relations.peers import PEERS
from spica.orm.relations.relation import Relation


class RelationAccess:
    """The descriptor of one relation on its model."""

    __slots__ = ("_is_key_here", "_name", "relation")

    def __init__(self, relation: Relation) -> None:
        self.relation = relation
        self._name = relation.name
        self._is_key_here = relation.kind == "belongs_to"

    def __get__(self, record: Any, owner: Any = None) -> Any:
        if record is None:
            return self.relation
        try:
            value, key = record._loaded[self._name]
        except (AttributeError, KeyError, TypeError):  # TypeError: only its peers are there
            return self._without_loading(record)
        if self._is_key_here and key != getattr(record, self.relation.foreign_key):
            return self._without_loading(record)
        return value

    def __set__(self, record: Any, value: Any) -> None:
        relation = self.relation
        if not self._is_key_here:
            raise QueryError(
                f"{relation!r} can't be assigned",
                why=f"the keys are not in {relation.owner.__name__}'s row",
                fix=f"assign the other side, as in {relation.target.__name__}(...)",
            )
        key = None
        if value is not None:
            check_target(relation, value)
            key = getattr(value, relation.key)
        setattr(record, relation.foreign_key, key)
        keep(record, relation, value)

    def _without_loading(self, record: Any) -> Any:
        """What is known without the database: an empty key leads nowhere, a new record owns nothing."""
        relation = self.relation
        if self._is_key_here:
            if getattr(record, relation.foreign_key) is None:
                return None
        elif record._row is None:
            return [] if relation.many else None
        model = relation.owner.__name__
        key = relation.owner.__schema__.key
        raise NotLoaded(
            f"{relation!r} of the record with {' and '.join(key.names)} {key.of(record)!r} was not loaded",
            why="reading it here would be one query for each record",
            fix=f'load it with the records, {model}.includes("{self._name}"), '
            f'or now: await {inflection.snake(model)}.load("{self._name}")',
        )


def check_target(relation: Relation, value: Any) -> None:
    """Refuse what is no saved record of a relation's target. Raises QueryError, NotPersisted."""
    if type(value) is not relation.target:
        raise QueryError(
            f"{relation!r} is a {relation.target.__name__}, got {value!r}",
            fix=f"to use a key, name the field: {relation.foreign_key}",
        )
    if getattr(value, relation.key) is None:
        raise NotPersisted(
            f"{relation!r} can't be this {relation.target.__name__}", why="it was never saved, so it has no key yet"
        )


def key_condition(relation: Relation, value: Any) -> tuple[str, Any]:
    """Turn `where(author=user)` into a condition on the key. Several records mean any of them, None an empty key.

    Raises:  QueryError for relations whose key is in the other table, and for what is no record.
    """
    if relation.kind != "belongs_to":
        raise QueryError(
            f"{relation!r} can't be compared with a record",
            why=f"the keys are not in {relation.owner.__name__}'s row",
            fix="ask for its id: where(id=...)",
        )
    several = isinstance(value, (list, tuple, set, frozenset))
    keys: list[Any] = []
    for one in value if several else (value,):
        if one is not None:
            check_target(relation, one)
        keys.append(None if one is None else getattr(one, relation.key))
    return relation.foreign_key, keys if several else keys[0]


def with_keys(relations: Mapping[str, Relation], equals: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the relations among the values of a `where` into their keys. Raises QueryError."""
    return dict(
        key_condition(relations[name], value) if name in relations else (name, value) for name, value in equals.items()
    )


def keep(record: Any, relation: Relation, value: Any) -> None:
    """Remember what a relation of a record leads to, and for a belongs_to by which key."""
    kept = value, getattr(record, relation.foreign_key) if relation.kind == "belongs_to" else None
    held = getattr(record, "_loaded", None)
    if type(held) is dict:
        held[relation.name] = kept
    else:
        record._loaded = {PEERS: held, relation.name: kept}


def keep_each(records: Sequence[Any], relation: Relation, values: Iterable[Any]) -> None:
    """Remember what a relation of each of these records leads to: `keep` without a call for each."""
    name = relation.name
    keys = map(attrgetter(relation.foreign_key), records) if relation.kind == "belongs_to" else repeat(None)
    for record, kept in zip(records, zip(values, keys, strict=False), strict=True):
        try:
            held = record._loaded
        except AttributeError:  # a record that came alone
            held = None
        if type(held) is dict:
            held[name] = kept
        else:
            record._loaded = {PEERS: held, name: kept}


def list_missing(records: Iterable[Any], relation: Relation) -> list[Any]:
    """List those of the records whose relation can't be read yet."""
    name = relation.name
    key_of = attrgetter(relation.foreign_key) if relation.kind == "belongs_to" else None
    missing = []
    for record in records:
        try:
            held = record._loaded
        except AttributeError:
            held = None
        kept = held.get(name) if type(held) is dict else None
        if kept is None or (key_of is not None and kept[1] != key_of(record)):
            missing.append(record)
    return missing


def is_loaded(record: Any, relation: Relation) -> bool:
    """Whether a relation of a record can be read."""
    return not list_missing((record,), relation)


def loaded_value(record: Any, relation: Relation) -> Any:
    """What a relation of a record leads to, once it is loaded."""
    return record._loaded[relation.name][0]


def kept_relations(record: Any) -> dict[str, Any] | None:
    """What a record has loaded, without its peers, for a copy; None for nothing."""
    held = getattr(record, "_loaded", None)
    return {**held, PEERS: None} if type(held) is dict else None


def unload(record: Any, relation: Relation) -> None:
    """Take one relation of a record for not loaded."""
    held = getattr(record, "_loaded", None)
    if type(held) is dict:
        held.pop(relation.name, None)


def forget(record: Any) -> None:
    """Take every relation of a record for not loaded."""
    held = getattr(record, "_loaded", None)
    if type(held) is dict:
        record._loaded = held[PEERS]
