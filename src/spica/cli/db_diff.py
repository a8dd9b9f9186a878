"""`spica db diff`: a migration that gives the database what the models say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from spica import inflection
from spica.cli.database import ProjectDatabase
from spica.cli.errors import UsageError
from spica.cli.models import load_models

if TYPE_CHECKING:
    from spica.migrations.difference import Difference
    from spica.migrations.operations import Operation

_FILE = """from spica.migrations import {imports}


class {name}(Migration):
    def change(self, m):
{body}
"""


def find_operations(database: ProjectDatabase, renames: list[str], *, no_renames: bool) -> list[Operation]:
    """Compare the models of a project with its database; ask on a terminal what could be a renaming.

    Raises:  UsageError for a renaming that is typed wrongly, or when nobody can be asked.
    """
    schemas = [model.__schema__ for model in load_models(database.root) if hasattr(model, "__schema__")]
    known = dict(_parse_rename(text) for text in renames)
    kept: set[tuple[str, str]] = set()
    while True:
        difference = database.runner.diff(schemas, known, kept)
        if no_renames or not difference.questions:
            return difference.operations
        if not sys.stdin.isatty():
            raise _ambiguous(difference)
        table, old, news = difference.questions[0]
        chosen = next((new for new in news if _ask(f"is {table}.{new} the column {table}.{old}, renamed?")), None)
        if chosen is None:
            kept.add((table, old))
        else:
            known[table, old] = chosen


def write_migration(database: ProjectDatabase, operations: list[Operation], name: str) -> Path:
    """Write operations as a file of db/migrations. Returns its path, relative to the project."""
    # Lazy: as every command's own work.
    from spica.generators.project import Project
    from spica.migrations.files import list_files
    from spica.migrations.source import render_operation

    taken = {file.name for file in list_files(database.root / "db/migrations")}
    base, number = name, 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    path = Path(Project.at(database.root).migration_path(name))
    lines = [f"        {line}" for operation in operations for line in render_operation(operation)]
    imports = "Migration, Sql" if any("Sql(" in line for line in lines) else "Migration"
    text = _FILE.format(imports=imports, name=inflection.camel(name), body="\n".join(lines))
    (database.root / path).parent.mkdir(parents=True, exist_ok=True)
    (database.root / path).write_text(text, encoding="utf-8")
    return path


def _parse_rename(text: str) -> tuple[tuple[str, str], str]:
    source, colon, new = text.partition(":")
    table, dot, old = source.partition(".")
    if not (table and dot and old and colon and new):
        raise UsageError(f"--rename takes TABLE.OLD:NEW, such as posts.slug:path, not {text!r}")
    return (table, old), new


def _ambiguous(difference: Difference) -> UsageError:
    table, old, news = difference.questions[0]
    return UsageError(
        f"{table}.{old} is gone and {', '.join(news)} is new: renamed, or another column? "
        f"Say --rename {table}.{old}:{news[0]}, or --no-renames to drop it with its values"
    )


def _ask(question: str) -> bool:
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
