"""`spica routes`: every route, what answers it and where it was declared."""

from __future__ import annotations

import dataclasses
import json as json_format
from typing import Annotated

from cyclopts import Parameter

from spica.cli.application import load_application

Json = Annotated[bool, Parameter(help="Print JSON, for scripts.")]


def routes(
    target: Annotated[
        str | None, Parameter(name="APP", help="module:name; main:app or app:app when it is left out.")
    ] = None,
    /,
    *,
    grep: Annotated[str, Parameter(help="Only routes with this text in their name, pattern or target.")] = "",
    json: Json = False,
) -> int:
    """List every route.

    For example:

        spica routes

        spica routes --grep posts
    """
    # Lazy: only this command needs the table's layout.
    from spica.routing.listing import render_rows

    rows = [
        row
        for row in load_application(target).route_rows()
        if not grep or any(grep in text for text in (row.name, row.pattern, row.target, row.method))
    ]
    if json:
        print(json_format.dumps([dataclasses.asdict(row) for row in rows], indent=2))
    else:
        print(render_rows(rows))
    return 0
