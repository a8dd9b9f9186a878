"""Taking relations out of a class body, and putting them on the class that was made.

Rules of this file:
- A relation is no field: its annotation never reaches the Struct. A belongs_to leaves its foreign key there instead.
- Mistakes that need no other class are raised here; the others when the relation is first used.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from spica.orm.errors import ModelDefinitionError
from spica.orm.fields import FieldOptions
from spica.orm.relations.access import RelationAccess
from spica.orm.relations.annotations import Target, parse_target
from spica.orm.relations.options import RelationOptions
from spica.orm.relations.relation import KEY, Relation, foreign_key_of

RELATIONS = "__relation_options__"
NONE: Mapping[str, Relation] = MappingProxyType({})


class Declared(NamedTuple):
    """A relation as a class body has it."""

    target: Target
    options: RelationOptions


def take_relations(model: str, namespace: dict[str, Any], where: str) -> None:
    """Move the relations of a class body aside, with the keys of its belongs_to as fields in their places.

    Raises:  ModelDefinitionError for an annotation that is missing or does not fit.
    """
    found: dict[str, Declared] = {}
    annotations: dict[str, Any] = {}
    declared = namespace.get("__annotations__", {})
    for name, annotation in declared.items():
        options = namespace.get(name)
        if not isinstance(options, RelationOptions):
            annotations[name] = annotation
            continue
        del namespace[name]
        target = _parse(f"{model}.{name}", annotation, options, where)
        found[name] = Declared(target, options)
        key = foreign_key_of(name, options)
        if options.kind == "belongs_to" and key not in declared:
            kind = _key_kind(target)
            annotations[key] = kind | None if target.nullable else kind
            namespace[key] = FieldOptions(index=True)
    for name, member in namespace.items():
        if isinstance(member, RelationOptions):
            raise ModelDefinitionError(
                f"{model}.{name} names no model", where=where, fix=f"write {name}: TheModel = {member.kind}(...)"
            )
    if found:
        namespace["__annotations__"] = annotations
        namespace[RELATIONS] = found


def build_relations(model: Any) -> Mapping[str, Relation]:
    """Make the relations of a class and its bases, and the attributes by which records have them."""
    relations = {
        name: Relation(model, name, declared.target, declared.options)
        for base in reversed(model.__mro__)
        for name, declared in base.__dict__.get(RELATIONS, {}).items()
    }
    for name, relation in relations.items():
        setattr(model, name, RelationAccess(relation))
    return MappingProxyType(relations) if relations else NONE


def _parse(relation: str, annotation: Any, options: RelationOptions, where: str) -> Target:
    try:
        target = parse_target(annotation)
    except TypeError as problem:
        raise ModelDefinitionError(f"the annotation of {relation} can't be used: {problem}", where=where) from None
    name = target.model if isinstance(target.model, str) else target.model.__name__
    many = options.kind in ("has_many", "many_to_many")
    if many is not target.many:
        raise ModelDefinitionError(
            f"{relation} is a {options.kind}, but annotated as {'a list' if target.many else 'one record'}",
            where=where,
            fix=f"write {relation.rpartition('.')[2]}: {f'list[{name}]' if many else name} = {options.kind}(...)",
        )
    return target


def _key_kind(target: Target) -> Any:
    """The type of the target's key, if its class is there to be asked; the relation's first use checks it."""
    schema = getattr(target.model, "__schema__", None)
    return int if schema is None else schema.field(KEY).kind
