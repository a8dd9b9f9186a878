"""Arrays: lists of scalars in the databases that have them; the others keep JSON."""

from __future__ import annotations

from typing import Any

from spica.db.driver import Codec

ARRAY_DIALECTS = frozenset({"postgresql"})


def array_codec(item: Codec) -> Codec:
    """Build the codec of an array from that of its items.

    Both ways make a new list: a record's row must not change with the list that the record holds.
    """
    encode, decode = item

    def write(values: Any) -> list[Any]:
        return [value if encode is None or value is None else encode(value) for value in values]

    def read(values: Any) -> list[Any]:
        return [value if decode is None or value is None else decode(value) for value in values]

    return Codec(list if encode is None else write, list if decode is None else read)
