"""Pages of a query: `paginate`."""

from __future__ import annotations

from typing import TypeVar

from spica.orm.errors import QueryError
from spica.orm.page import Page
from spica.orm.reading.values import Values
from spica.validation.coerce import MAX_INTEGER

M = TypeVar("M")


class Pages(Values[M]):
    """What reads a query page by page."""

    __slots__ = ()

    async def paginate(self, page: int = 1, per: int = 20) -> Page[M]:
        """One page of the query.

        Args:    page: from 1; a smaller number is page 1; per: records a page, at least 1.
        Returns: a Page; beyond the last page it has no items.
        """
        if per < 1:
            raise QueryError(f"a page needs at least 1 record, got per={per}")
        page = min(max(1, page), MAX_INTEGER // per)
        total = await self.count()
        items = await self._ordered_by_default().limit(per).offset((page - 1) * per)._load()
        return Page(items, page=page, per=per, total=total)
