"""Pages of a query: `paginate` by number, `cursor_page` on from a record."""

from __future__ import annotations

from typing import Any, TypeVar

from spica.orm.cursor import Key, read_cursor, write_cursor
from spica.orm.cursor import after as _after
from spica.orm.errors import QueryError
from spica.orm.page import CursorPage, Page
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

    async def cursor_page(self, *, after: str | None = None, before: str | None = None, per: int = 20) -> CursorPage[M]:
        """One page of the query, on from where another ended: as fast on page 1,000 as on the first, and none twice or
        left out when records come and go.

        The key is added to the order, so that it is one; NULL comes last unless the order says `nulls_first()`.

        Args:    after: the `next` of a page; before: the `previous` of one; empty for the first page;
                 per: records a page, at least 1.
        Raises:  InvalidCursor, a 400 in a request, for a token of another query or none of ours; QueryError for a query
                 with an order by expressions, with bounds, groups or a selection.
        Example: page = await Post.order("-created_at").cursor_page(after=request.query.get("after"), per=20)
        """
        if not isinstance(per, int) or per < 1:
            raise QueryError(f"a page needs at least 1 record, got per={per!r}")
        if after and before:
            raise QueryError("a page is after a cursor or before one, not both")
        keys = self._cursor_keys()
        name = self._schema.model
        token = before or after
        turned = [key.reversed() for key in keys] if before else keys
        query = self._in_order(turned)
        if token:
            query = query.where(_after(self._model, turned, read_cursor(name, keys, token)))
        found = await query.limit(per + 1)._load()
        items = found[:per]
        more = len(found) > per
        if before:
            items.reverse()
        ends = [write_cursor(name, keys, record) for record in (items[0], items[-1])] if items else [None, None]
        return CursorPage(
            items,
            per=per,
            next=ends[1] if more or before else None,
            previous=ends[0] if (more if before else after) else None,
        )

    def _cursor_keys(self) -> list[Key]:
        """The fields of the order, and the key where it is not among them."""
        rare, clauses = self._rare, self._rare.clauses
        if self._is_bounded or rare.selected or clauses.groups:
            raise QueryError(
                "cursor_page reads whole records in an order",
                why="the query has a limit, an offset, groups or a selection",
                fix='take it off with unscope("limit"), or use paginate',
            )
        schema = self._schema
        keys: list[Key] = []
        nulls_first = False
        for operand, descending in self._ordering:
            match operand:
                case ("is_null", str()):
                    nulls_first = descending
                case str():
                    field = schema.field(operand)
                    if all(key.field is not field for key in keys):
                        keys.append(Key(field, descending, nulls_first if field.nullable else None))
                    nulls_first = False
                case _:
                    raise QueryError(
                        f"cursor_page orders by fields of {schema.model}",
                        why="the next page goes on from their values in a record",
                        fix="keep what the order needs in a field, or use paginate",
                    )
        known = {key.field.name for key in keys}
        return keys + [Key(schema.field(name), False, None) for name in schema.key.names if name not in known]

    def _in_order(self, keys: list[Key]) -> Any:
        query = self._unordered()._copy()
        ordering: list[tuple[Any, bool]] = []
        for key in keys:
            if key.nulls_first is not None:
                ordering.append((("is_null", key.field.name), key.nulls_first))
            ordering.append((key.field.name, key.descending))
        query._ordering = tuple(ordering)
        return query.distinct() if query._rare.clauses.joins else query
