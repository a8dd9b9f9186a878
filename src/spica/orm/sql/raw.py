"""Hand-written text between bound values, as an element of SQLAlchemy's."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement


class RawText(ColumnElement[Any]):
    """Parts of text, and the elements between them: one fewer."""

    inherit_cache = False

    def __init__(self, parts: tuple[str, ...], elements: list[Any], kind: Any) -> None:
        self.parts = parts
        self.elements = elements
        self.type = sa.types.to_instance(kind)


@compiles(RawText)
def _compile_raw(element: RawText, compiler: Any, **options: Any) -> str:
    pieces = [element.parts[0]]
    for inner, part in zip(element.elements, element.parts[1:], strict=True):
        pieces += [compiler.process(inner, **options), part]
    return f"({''.join(pieces)})"
