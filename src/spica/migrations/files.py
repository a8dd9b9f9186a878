"""Migration files: `db/migrations/20261121093000_create_posts.py`, found, ordered and loaded.

Rules of this file:
- The order is that of the versions, the 14 digits in front: a point in time, UTC.
- A Python file in the folder that is no migration is an error, because it would be left out silently.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from spica.migrations.errors import BadMigrationFile, MigrationError
from spica.migrations.migration import Migration

_NAME = re.compile(r"([0-9]{14})_([a-z][a-z0-9_]*)\.py")


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """One file: its version, its name without the version, its path."""

    version: str
    name: str
    path: Path


def list_files(directory: Path) -> list[MigrationFile]:
    """List the migrations of a folder in order; [] when there is no such folder.

    Raises:  BadMigrationFile for a file with another name, or two files with one version.
    """
    found: dict[str, MigrationFile] = {}
    for path in sorted(directory.glob("*.py")):
        if path.name == "__init__.py":
            continue
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise BadMigrationFile(
                f"{path.name} is not the name of a migration",
                where=str(path),
                why="it needs 14 digits (a point in time), an underscore and a name in lower case",
                fix="make migrations with: spica g migration NAME",
            )
        file = MigrationFile(match[1], match[2], path)
        if file.version in found:
            raise BadMigrationFile(
                f"two migrations have the version {file.version}",
                where=f"{found[file.version].path}\n{path}",
                fix="change the digits of the later one",
            )
        found[file.version] = file
    return list(found.values())


def load_migration(file: MigrationFile) -> type[Migration]:
    """Import a migration's file and find its class. Raises BadMigrationFile."""
    return load_class(file.path, f"spica_migration_{file.version}")


def load_class(path: Path, module_name: str) -> type[Migration]:
    """Import a file and find the one Migration class it defines. Raises BadMigrationFile."""
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise BadMigrationFile(f"{path.name} can't be imported", where=str(path))
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except MigrationError:
        raise
    except Exception as problem:
        raise bad_code(path, problem) from problem
    classes = [
        member
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, Migration) and member.__module__ == module_name
    ]
    if len(classes) != 1:
        raise BadMigrationFile(
            f"{path.name} has {len(classes)} migration classes",
            where=str(path),
            fix="give it one: class Name(Migration)",
        )
    return classes[0]


def bad_code(path: Path, problem: Exception) -> BadMigrationFile:
    """Build the error for a migration whose own code raised something, with the line."""
    return BadMigrationFile(
        f"{path.name} can't be run: {type(problem).__name__}: {problem}", where=_line_in(path, problem)
    )


def _line_in(path: Path, problem: Exception) -> str:
    if isinstance(problem, SyntaxError):
        return f"{path}:{problem.lineno}"
    line = None
    trace = problem.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return str(path) if line is None else f"{path}:{line}"
