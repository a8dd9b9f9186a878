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
from spica.orm.relations.registry import known_model
from spica.orm.relations.relation import Relation, foreign_key_of

RELATIONS = "__relation_options__"
ANNOTATIONS = "__field_annotations__"  # of an abstract base, whose Struct has no fields
NONE: Mapping[str, Relation] = MappingProxyType({})


class Declared(NamedTuple):
    """A relation as a class body has it."""

    target: Target
    options: RelationOptions


def take_relations(model: str, namespace: dict[str, Any], where: str, bases: tuple[type, ...] = ()) -> None:
    """Move the relations of a class body aside, with the keys of its belongs_to as fields in their places.

    Args:    bases: of the class, which may have the annotation of its own key.

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
            own = _own_key_kind(declared, namespace, options, bases)
            kind = own if target.model == model else _key_kind(target, options, namespace.get("__module__", ""))
            annotations[key] = (
                (f"({kind}) | None" if isinstance(kind, str) else kind | None) if target.nullable else kind
            )
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


def _key_kind(target: Target, options: RelationOptions, module: str) -> Any:
    """The type of the target's key, if its class is there to be asked; the relation's first use checks it."""
    named = target.model
    schema = getattr(known_model(named, module) if isinstance(named, str) else named, "__schema__", None)
    if schema is None:
        return int
    return schema.field(options.primary_key or schema.key.name).kind


def _own_key_kind(
    declared: Mapping[str, Any], namespace: Mapping[str, Any], options: RelationOptions, bases: tuple[type, ...]
) -> Any:
    """The type of the key of the class itself, for a relation that leads to it; as text where it is text there."""
    for name, annotation in declared.items():
        if options.primary_key is None:
            given = namespace.get(name)
            if isinstance(given, FieldOptions) and given.primary_key:
                return annotation
        elif name == options.primary_key:
            return annotation
    inherited = next((held["id"] for base in bases if "id" in (held := base.__dict__.get(ANNOTATIONS, {}))), int)
    return declared.get("id", inherited)
