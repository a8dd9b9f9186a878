"""What few queries have, in one attribute, so that copying the others stays cheap."""

from __future__ import annotations

from typing import Any, NamedTuple

from spica.orm.shapes import PLAIN, Clauses, Operand


class Rare(NamedTuple):
    """What few queries have.

    includes: relations to load with the records; names: what the values of a selected row are called; the values are
    those of the selected operands, of `having` and of the order.
    """

    clauses: Clauses = PLAIN
    selected: tuple[Operand, ...] = ()
    names: tuple[str, ...] = ()
    selected_values: tuple[Any, ...] = ()
    having_values: tuple[Any, ...] = ()
    ordering_values: tuple[Any, ...] = ()
    includes: tuple[str, ...] = ()


NOTHING_RARE = Rare()
