"""migrations: those that the database of this environment has not run."""

from __future__ import annotations

from collections.abc import Iterator

from spica.checks.finding import Found
from spica.checks.project import Project, first_line
from spica.config.loader import load
from spica.errors.base import SpicaError
from spica.migrations.errors import NotMigratable
from spica.migrations.runner import Runner

_FOLDER = "db/migrations"


def find(project: Project) -> Iterator[Found]:
    """Compare db/migrations with the database; one in memory has nothing to compare with."""
    directory = project.root / _FOLDER
    if not directory.is_dir():
        return
    try:
        url = load(project.root, project.env).database.url
    except Exception:
        return  # the check of the configuration tells it
    if not url:
        return
    try:
        pending = Runner(url, directory, project.root / "db/schema.py", root=project.root).pending()
    except NotMigratable:
        return
    except SpicaError as error:
        yield Found(_FOLDER, 0, first_line(error), error.why, error.fix, error.code)
        return
    for file in pending:
        what = f"the {project.env} database lacks the migration {file.name}"
        yield Found(
            f"{_FOLDER}/{file.path.name}", 1, what, "the code may ask for what is not there", "spica db migrate"
        )
