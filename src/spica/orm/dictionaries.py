"""Records as dictionaries, and as copies: `post.to_dict(only=...)`, `post.dup()`."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from spica.orm.errors import UnknownField
from spica.orm.fields import Field
from spica.orm.relations.paths import Tree, parse_paths
from spica.orm.schema import Schema


def build_dict(
    record: Any, only: Iterable[str] | None, except_: Iterable[str], include: str | Iterable[str]
) -> dict[str, Any]:
    """Build the dictionary of a record; see `Model.to_dict`."""
    schema: Schema = type(record).__schema__
    left_out = {schema.field(name).name for name in _names(schema, except_, "except_")}
    chosen = schema.by_name if only is None else [schema.field(name).name for name in _names(schema, only, "only")]
    found = {name: getattr(record, name) for name in chosen if name not in left_out}
    paths = (include,) if isinstance(include, str) else tuple(include)
    return found | _build_related(record, parse_paths(type(record), paths))


def build_copy(record: Any) -> Any:
    """Build a new record with the values of another; see `Model.dup`."""
    schema: Schema = type(record).__schema__
    copy = schema.make(*[_copied(field, getattr(record, field.name)) for field in schema.fields])
    copy._row = None
    return copy


def _copied(field: Field, value: Any) -> Any:
    if field.is_key or field.options.stamp or field.is_computed or field.options.lock:
        return field.default()
    return deepcopy(value) if field.is_json else value


def _build_related(record: Any, tree: Tree) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, inner in tree.items():
        value = getattr(record, name)
        several = isinstance(value, list)
        records = value if several else [value]
        dicts = [None if one is None else _shown(one) | _build_related(one, inner) for one in records]
        found[name] = dicts if several else dicts[0]
    return found


def _shown(record: Any) -> dict[str, Any]:
    hidden = type(record).__schema__.hidden
    return {name: value for name, value in record.to_dict().items() if name not in hidden}


def _names(schema: Schema, names: Iterable[str], argument: str) -> Iterable[str]:
    if isinstance(names, str):
        raise UnknownField(
            f"{argument}={names!r} is a text where names of fields of {schema.model} were expected",
            fix=f'write {argument}=["{names}"]',
        )
    return names
