"""The schema of the join table of a many_to_many: the owner's key and the target's."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from spica.orm.fields import FieldOptions, build_field
from spica.orm.relations.relation import Relation
from spica.orm.schema import Schema

_schemas: WeakKeyDictionary[Relation, Schema] = WeakKeyDictionary()


def pair_schema(relation: Relation) -> Schema:
    """Find the schema of a relation's join table."""
    schema = _schemas.get(relation)
    if schema is None:
        kinds = [
            relation.owner.__schema__.field(relation.key).kind,
            relation.target.__schema__.field(relation.other_key).kind,
        ]
        names = (relation.foreign_key, relation.target_key)
        fields = tuple(
            build_field(name, kind, FieldOptions(), position, key=names)
            for position, (name, kind) in enumerate(zip(names, kinds, strict=True))
        )
        table = relation.join_table
        schema = _schemas[relation] = Schema(table, table, fields, (), {}, lambda *values: values)
    return schema
