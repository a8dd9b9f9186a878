"""Pages of a query's records: by number, with how many there are, and by cursor, with what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, overload

T = TypeVar("T")


class _Records(Sequence[T], Generic[T]):
    """Records to go through, index and count."""

    __slots__ = ("items", "per")

    items: list[T]
    per: int

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)


class Page(_Records[T]):
    """The records of one page; iterate it, index it, take its length.

    items: the records; page: its number from 1; per: records a page; total: records on all pages.
    """

    __slots__ = ("page", "total")

    def __init__(self, items: list[T], *, page: int, per: int, total: int) -> None:
        self.items = items
        self.page = page
        self.per = per
        self.total = total

    @property
    def pages(self) -> int:
        """How many pages there are; 1 even when there is no record."""
        return max(1, -(-self.total // self.per))

    @property
    def prev(self) -> int | None:
        """The number of the page before, None on the first."""
        return min(self.page - 1, self.pages) if self.page > 1 else None

    @property
    def next(self) -> int | None:
        """The number of the page after, None on the last."""
        return self.page + 1 if self.page < self.pages else None

    def __json__(self) -> dict[str, object]:
        """What JSON shows of a page: its records, and what is needed to ask for the next."""
        return {"items": self.items, "page": self.page, "per": self.per, "total": self.total, "pages": self.pages}

    def __repr__(self) -> str:
        return f"<page {self.page} of {self.pages}: {self.items!r}>"


class CursorPage(_Records[T]):
    """The records of one page of a query that is read on from a record, not by numbers.

    items: the records; per: records a page, at most; next, previous: the tokens for `after` and `before`, None at the
    ends.
    """

    __slots__ = ("next", "previous")

    def __init__(self, items: list[T], *, per: int, next: str | None, previous: str | None) -> None:
        self.items = items
        self.per = per
        self.next = next
        self.previous = previous

    def __json__(self) -> dict[str, object]:
        """What JSON shows of a page: its records, and what is needed to ask for the next."""
        return {"items": self.items, "per": self.per, "next": self.next, "previous": self.previous}

    def __repr__(self) -> str:
        return f"<page of {len(self.items)}: {self.items!r}>"
