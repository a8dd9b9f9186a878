"""Schemas: JSON Schema of types, each named type once among the document's components.

Rules of this file:
- Schemas are asked for first and made together: only who knows all types can tell which names clash.
- Of types with one name each gets its module in front; where even that is the same, a number follows, in the order in
  which they were met.
- msgspec knows most types, pydantic its own. What neither knows may be anything: `{}`.
- A model's hidden fields are no part of its schema, as they are no part of its JSON.
- What msgspec can't describe though its JSON is known has a stand-in: `stand_ins.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect as shapes

from spica.controllers.codecs import find_adapter
from spica.http.uploads import UploadFile
from spica.openapi.stand_ins import UNKNOWN, OneOf, StandIns

Schema = dict[str, Any]
REF = "#/components/schemas/"
FILE: Schema = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
DECIMAL = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"


class Schemas:
    """The schemas of one document: `of` gives one that `finish` fills.

    Example:
        >>> schemas = Schemas()
        >>> name = schemas.of(str)
        >>> schemas.finish()
        {}
        >>> name
        {'type': 'string'}
    """

    def __init__(self) -> None:
        self._wanted: list[tuple[Any, Schema]] = []
        self._models: list[Any] = []
        self._stand_ins = StandIns()
        self._unions: dict[Any, list[Schema]] = {}

    def of(self, type_: Any, **besides: Any) -> Schema:
        """The schema of a type, empty until `finish`; `besides` are keywords that are written into it."""
        schema = dict(besides)
        self._wanted.append((self._stand_ins.of(type_), schema))
        return schema

    def finish(self) -> Schema:
        """Make all schemas. Returns the components by name, in the order of the alphabet."""
        wanted = [(type_, schema) for type_, schema in self._wanted if self._is_known(type_)]
        made, components = self._make([type_ for type_, _ in wanted])
        renamed = self._add_models(components)
        for (_, schema), found in zip(wanted, made, strict=True):
            for key, value in found.items():
                schema.setdefault(key, value)
        for schema in (*(schema for _, schema in wanted), *components.values()):
            _rename(schema, renamed)
            _settle(schema)
        return dict(sorted(components.items()))

    def _is_known(self, type_: Any) -> bool:
        try:
            msgspec.json.schema_components([type_], schema_hook=self._describe)
        except UNKNOWN:
            return False
        return True

    def _make(self, types: list[Any]) -> tuple[list[Schema], Schema]:
        classes = list(dict.fromkeys(one for type_ in types for one in _find_classes(shapes.type_info(type_), set())))
        hiding = [one for one in classes if getattr(getattr(one, "__schema__", None), "hidden", ())]
        template = REF + "{name}"
        try:
            found, components = msgspec.json.schema_components(
                [*types, *hiding], schema_hook=self._describe, ref_template=template
            )
            made = list(found)
        except KeyError:  # classes of one name in one module: made in functions, so they must be told by a number
            made, components = self._make_apart([*types, *hiding], template)
        for model, schema in zip(hiding, made[len(types) :], strict=True):
            _hide(components[schema["$ref"].removeprefix(REF)], model.__schema__.hidden)
        return made[: len(types)], components

    def _make_apart(self, types: list[Any], template: str) -> tuple[list[Schema], Schema]:
        made: list[Schema] = []
        components: Schema = {}
        for type_ in types:
            (schema,), own = msgspec.json.schema_components([type_], schema_hook=self._describe, ref_template=template)
            names = _adopt(own, components)
            _rename(schema, {REF + name: REF + new for name, new in names.items()})
            made.append(schema)
        return made, components

    def _describe(self, type_: Any) -> Schema:
        """The schema of a type that msgspec doesn't know."""
        if isinstance(type_, type) and issubclass(type_, UploadFile):
            return dict(FILE)
        if isinstance(type_, type) and issubclass(type_, OneOf):
            if type_ not in self._unions:
                self._unions[type_] = [self.of(member) for member in type_.members]
            return {"anyOf": self._unions[type_]}
        if find_adapter(type_) is None:
            return dict(_ANYTHING)
        if type_ not in self._models:
            self._models.append(type_)
        return {"$ref": f"{_MODEL}{self._models.index(type_)}"}

    def _add_models(self, components: Schema) -> dict[str, str]:
        """Put pydantic's models among the components. Returns what stands for each, to be renamed."""
        renamed: dict[str, str] = {}
        for index, model in enumerate(self._models):
            # Lazy: an optional library, which this type belongs to.
            from pydantic import TypeAdapter

            schema: Schema = TypeAdapter(model).json_schema(ref_template=REF + "{model}")
            definitions: Schema = schema.pop("$defs", {})
            name = schema["$ref"].removeprefix(REF) if "$ref" in schema else model.__name__
            definitions.setdefault(name, schema)
            renamed[f"{_MODEL}{index}"] = REF + _adopt(definitions, components)[name]
        return renamed


_MODEL = "#/pydantic/"
_ANYTHING: Schema = {"$comment": "anything"}  # msgspec doesn't take {} for an answer


def _adopt(definitions: Schema, components: Schema) -> dict[str, str]:
    """Put definitions among the components, numbered where a name is taken. Returns the names they got."""
    names: dict[str, str] = {}
    for name, schema in definitions.items():
        new, number = name, 2
        while new in components and components[new] != schema:
            new, number = f"{name}_{number}", number + 1
        names[name] = new
    changed = {REF + name: REF + new for name, new in names.items() if name != new}
    for name, schema in definitions.items():
        _rename(schema, changed)
        components[names[name]] = schema
    return names


def _rename(schema: Any, names: dict[str, str]) -> None:
    """Change references in place, those of discriminators too."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if isinstance(value, str) and value in names:
                schema[key] = names[value]
            else:
                _rename(value, names)
    elif isinstance(schema, list):
        for item in schema:
            _rename(item, names)


def _settle(schema: Any) -> None:
    """Empty what stands for anything. A Decimal goes out as text, and comes as text or as a number."""
    if isinstance(schema, list):
        for item in schema:
            _settle(item)
    elif isinstance(schema, dict):
        if schema == _ANYTHING:
            schema.clear()
        if schema.get("format") == "decimal" and schema.get("type") == "string":
            schema |= {"type": ["string", "number"], "pattern": DECIMAL}
        for value in schema.values():
            _settle(value)


def _hide(schema: Schema, hidden: frozenset[str]) -> None:
    for name in hidden:
        schema["properties"].pop(name, None)
    schema["required"] = [name for name in schema.get("required", []) if name not in hidden]


def _find_classes(shape: Any, met: set[Any]) -> Iterator[Any]:
    """The classes with fields in a type, however deep."""
    own = getattr(shape, "cls", None)
    if own is not None and hasattr(shape, "fields"):
        if own in met:
            return
        met.add(own)
        yield own
    for part in _parts(shape):
        yield from _find_classes(part, met)


def _parts(shape: Any) -> Iterator[Any]:
    for name in ("type", "item_type", "key_type", "value_type"):
        part = getattr(shape, name, None)
        if isinstance(part, shapes.Type):
            yield part
    for name in ("types", "item_types"):
        yield from getattr(shape, name, ())
    for field in getattr(shape, "fields", ()):
        yield field.type
