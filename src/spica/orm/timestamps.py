"""Timestamps: a mixin with `created_at` and `updated_at`."""

from __future__ import annotations

from datetime import datetime

from spica.orm.fields import field


class Timestamps:
    """When a record was created and last changed; both UTC, set by `save`.

    Example:
        class Post(Model, Timestamps):
            title: str
    """

    __slots__ = ()

    created_at: datetime = field(stamp="create")
    updated_at: datetime = field(stamp="save")
