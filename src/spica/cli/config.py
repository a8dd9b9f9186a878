"""`spica config`: the configuration as it is in force, and where each value comes from."""

from __future__ import annotations

import json as json_format
from typing import Annotated

from cyclopts import Parameter

from spica.cli.errors import UsageError
from spica.cli.project import find_project
from spica.errors.base import closest

Json = Annotated[bool, Parameter(help="Print JSON, for scripts.")]


def config(
    section: Annotated[str | None, Parameter(name="SECTION", help="Only this section, and those inside it.")] = None,
    /,
    *,
    env: Annotated[str | None, Parameter(name=("--env", "-e"), help="Environment.")] = None,
    set: Annotated[bool, Parameter(help="Only what is not the default.")] = False,
    json: Json = False,
) -> int:
    """Print every setting with its value and where that comes from. Secrets are hidden.

    For example:

        spica config --env production

        spica config server --set
    """
    from spica.config.listing import DEFAULT, list_rows, render_config  # each command imports what it needs
    from spica.config.loader import load_traced

    rows = list_rows(load_traced(find_project(), env))
    if section is not None:
        known = sorted({row.section for row in rows})
        rows = [row for row in rows if row.section == section or row.section.startswith(f"{section}.")]
        if not rows:
            near = closest(section, known)
            raise UsageError(
                f"there is no section {section}; {f'did you mean {near[0]}?' if near else ', '.join(known)}"
            )
    if set:
        rows = [row for row in rows if row.source != DEFAULT]
    print(json_format.dumps([row._asdict() for row in rows], indent=2) if json else render_config(rows))
    return 0
