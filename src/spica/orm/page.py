"""Page: one page of a query's records, and how many pages there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, overload

T = TypeVar("T")


class Page(Sequence[T], Generic[T]):
    """The records of one page; iterate it, index it, take its length.

    items: the records; page: its number from 1; per: records a page; total: records on all pages.
    """

    __slots__ = ("items", "page", "per", "total")

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

    def __repr__(self) -> str:
        return f"<page {self.page} of {self.pages}: {self.items!r}>"
