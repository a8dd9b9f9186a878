"""Soft deletion: a mixin whose rows are marked as deleted instead of going, and can be restored."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from spica.orm.destroying import destroy_record, restore_record
from spica.orm.fields import FieldOptions
from spica.orm.scopes import scope

_KEPT = ("null", "deleted_at")


def _deletion() -> Any:
    return FieldOptions(default=None, deletion=True)


class SoftDelete:
    """`destroy` sets `deleted_at`; queries leave such records out, unless they say `with_deleted`.

    Example:
        class Post(Model, SoftDelete):
            title: str

        await post.destroy()
        await Post.only_deleted.order("-deleted_at")
        await post.restore()
    """

    __slots__ = ()

    deleted_at: datetime | None = _deletion()

    not_deleted = scope(lambda q: q.where(deleted_at=None), default=True)
    with_deleted = scope(lambda q: q.without_fixed(_KEPT))
    only_deleted = scope(lambda q: q.without_fixed(_KEPT).where_not(deleted_at=None))

    @property
    def deleted(self) -> bool:
        """Whether the record is marked as deleted."""
        return self.deleted_at is not None

    async def restore(self) -> bool:
        """Take the mark off, and off the dependents that were deleted with it.

        Returns: False when the record is not valid any more, as when another has its unique value; `errors` say why.
        Raises:  ValidationError when a dependent is not valid; nothing is restored then.
        """
        return await restore_record(self)

    async def really_destroy(self) -> Self:
        """Delete the row, and those of its dependents, marked or not. Raises as `destroy`."""
        await destroy_record(self, really=True)
        return self
