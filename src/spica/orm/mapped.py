"""Mapped: an annotation that tells type checkers what `Post.title` is on the class.

`title: str` is a `str` for a type checker, on the class as on a record; `Post.title.ilike(...)` would be a mistake.
`title: Mapped[str]` is the same field, and a column on the class. It costs nothing when the program runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from spica.orm.expressions import Column

T = TypeVar("T")


class Mapped(Generic[T]):
    """A field's annotation: `title: Mapped[str] = field(max=200)`."""

    if TYPE_CHECKING:

        @overload
        def __get__(self, record: None, owner: Any) -> Column: ...

        @overload
        def __get__(self, record: object, owner: Any) -> T: ...

        def __get__(self, record: object | None, owner: Any) -> Column | T: ...

        def __set__(self, record: Any, value: T) -> None: ...
