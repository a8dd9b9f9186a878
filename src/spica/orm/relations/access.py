"""A relation as attribute: `Post.author` is the relation, `post.author` the record it leads to, when that was loaded.

Rules of this file:
- Values live in the record's `_loaded`, beside its fields: no JSON, no comparison and no statement sees them.
- Nothing is read from the database here: what was not loaded raises NotLoaded with the line to add.
- A belongs_to whose key was changed since is not loaded any more.
"""

from __future__ import annotations

from typing import Any

from spica import inflection
from spica.orm.errors import NotLoaded, NotPersisted, QueryError
from spica.orm.relations.relation import KEY, Relation


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
            value = record._loaded[self._name]
        except (AttributeError, KeyError):
            return self._without_loading(record)
        if self._is_key_here:
            key = getattr(record, self.relation.foreign_key)
            if (None if value is None else value.id) != key:
                return self._without_loading(record)
        return value

    def __set__(self, record: Any, value: Any) -> None:
        relation = self.relation
        if not self._is_key_here:
            raise QueryError(
                f"{relation!r} can't be assigned",
                why=f"the keys are not in {relation.owner.__name__}'s row",
                fix=f"assign the other side, as in {relation.target.__name__}(...), or use add, remove and set",
            )
        key = None
        if value is not None:
            check_target(relation, value)
            key = value.id
        setattr(record, relation.foreign_key, key)
        keep(record, self._name, value)

    def _without_loading(self, record: Any) -> Any:
        """What is known without the database: an empty key leads nowhere, a new record owns nothing."""
        relation = self.relation
        if self._is_key_here:
            if getattr(record, relation.foreign_key) is None:
                return None
        elif record._row is None:
            return [] if relation.many else None
        model = relation.owner.__name__
        raise NotLoaded(
            f"{relation!r} of the record with id {record.id!r} was not loaded",
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
    if getattr(value, KEY) is None:
        raise NotPersisted(
            f"{relation!r} can't be this {relation.target.__name__}", why="it was never saved, so it has no key yet"
        )


def keep(record: Any, name: str, value: Any) -> None:
    """Remember what a relation of a record leads to."""
    try:
        record._loaded[name] = value
    except AttributeError:
        record._loaded = {name: value}
