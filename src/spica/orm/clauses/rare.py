"""What few queries have, in one attribute, so that copying the others stays cheap."""

from __future__ import annotations

from typing import Any, NamedTuple

from spica.orm.shapes import PLAIN, Clauses, Operand


class Joined(NamedTuple):
    """A path of relations that was joined, the schema that its table goes by, and whether the program named that."""

    path: str
    schema: Any
    is_named: bool


class Rare(NamedTuple):
    """What few queries have.

    includes: relations to load with the records; names: what the values of a selected row are called; paths: what was
    joined; the values are those of the source, of joins, of each selected operand, of `having` and of the order.
    """

    clauses: Clauses = PLAIN
    selected: tuple[Operand, ...] = ()
    names: tuple[str, ...] = ()
    paths: tuple[Joined, ...] = ()
    source_values: tuple[Any, ...] = ()
    join_values: tuple[Any, ...] = ()
    selected_values: tuple[tuple[Any, ...], ...] = ()
    having_values: tuple[Any, ...] = ()
    ordering_values: tuple[Any, ...] = ()
    includes: tuple[str, ...] = ()


NOTHING_RARE = Rare()
