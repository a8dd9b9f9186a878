"""Middleware that adds the same fields to every response.

In the common part of config/middleware.py the core does it, for errors, 304 and files too, and no Python runs. Inside a
pipeline the hook below does it for that pipeline's routes.
"""

from __future__ import annotations

from typing import ClassVar

from spica.http.context import Context
from spica.http.response import Response
from spica.middleware.pipeline import Middleware


class StaticFields(Middleware):
    """Adds fields that the response doesn't set itself.

    Args:    fields: name to value; a value of None leaves the field out.
    """

    only_static: ClassVar[bool] = True

    def __init__(self, fields: dict[str, str | None]) -> None:
        self.static_fields = tuple((name, value) for name, value in fields.items() if value is not None)

    def after(self, ctx: Context, response: Response) -> None:
        """Add what is missing."""
        own = {name for name, _ in response.fields}
        if ctx.has_response_defaults:
            own.update(name for name, _ in ctx.response.fields)
        response.fields.extend(field for field in self.static_fields if field[0] not in own)
