"""Records: the reader of a record that is put together from nested names, those of a form or of the query string."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spica.controllers.codecs import find_codec
from spica.injection.plan import Reader
from spica.injection.signature import Parameter
from spica.injection.types import allows_none

Pairs = list[tuple[str, Any]]


def build_record_reader(
    parameter: Parameter,
    name: str | None,
    source: str,
    read_values: Callable[[Any], dict[str, Any]],
    read_pairs: Callable[[Any], Pairs],
) -> Reader:
    """Make the reader of a record.

    Args:    name: of the group of names that it is, None for all of them; source: "body" or "query", for refusals;
             read_values: gives the nested names of a context; read_pairs: the names as they came.
    Returns: a reader: without values the default, else None where the type allows it, else what is missing is refused.
    """
    required, default = parameter.required, parameter.default
    nullable = allows_none(parameter.bare_type)
    convert = find_codec(parameter.type).convert
    group = name or ""

    def read(ctx: Any) -> object:
        values: Any = read_values(ctx)
        if group:
            values = values.get(group)
        if not values and not required:
            return default
        if not values and nullable:
            return None
        return convert(values if values is not None else {}, source, pairs=read_pairs(ctx), name=group)

    return read
