"""Locks on the rows that a query reads: `lock()`."""

from __future__ import annotations

from typing import Literal, Self, TypeVar

from spica.orm.clauses.base import QueryBase
from spica.orm.errors import QueryError

M = TypeVar("M")


class Locks(QueryBase[M]):
    """What a query keeps others from."""

    __slots__ = ()

    def lock(
        self, kind: Literal["update", "share"] = "update", *, nowait: bool = False, skip_locked: bool = False
    ) -> Self:
        """Lock the rows until the transaction ends. SQLite locks the whole database for a transaction anyway.

        Args:    kind: "update", nobody else may change or lock them; "share", others may lock them so too; nowait:
                 raise an error when another has them; skip_locked: leave those out.
        Raises:  QueryError, also when the query runs outside of a transaction, where the lock would end at once.
        Example:
            async with transaction():
                account = await Account.where(id=7).lock().sole()
        """
        if kind not in ("update", "share"):
            raise QueryError(f"there is no lock {kind!r}", fix='write lock() or lock("share")')
        if nowait and skip_locked:
            raise QueryError("a lock can't both raise and skip", fix="leave nowait or skip_locked out")
        return self._with_clauses(lock=(kind, "nowait" if nowait else "skip_locked" if skip_locked else ""))
