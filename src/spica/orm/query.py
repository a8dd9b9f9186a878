"""Query: an immutable chain, `Post.where(published=True).order("-created_at").limit(20)`, that runs when awaited.

Rules of this file:
- What makes a query is in spica.orm.chain, what runs one in spica.orm.reading.
- `await query` gives a list, `async for` reads in batches, `first`, `count` and the like run at once.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

from spica.orm.clauses.base import QueryBase
from spica.orm.reading.batches import BATCH, Batches
from spica.orm.reading.changes import Changes
from spica.orm.reading.explaining import Explaining
from spica.orm.reading.pages import Pages
from spica.orm.reading.records import Records

__all__ = ["BATCH", "Query"]

M = TypeVar("M")


class Query(Records[M], Pages[M], Batches[M], Changes[M], Explaining[M]):
    """A query for the records of one model."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, list[M]]:
        return self._load().__await__()


QueryBase.plain = Query
