"""The database of the project around us, as `spica db` works on it: settings and migrations, without the application.

The application is not imported: a migration must run when the application's code waits for the very column it adds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spica.cli.errors import DatabaseMissing, ProductionGuard
from spica.cli.project import find_project
from spica.cli.terminal import paint

if TYPE_CHECKING:
    from spica.migrations.events import Event
    from spica.migrations.runner import Runner

MIGRATIONS = "db/migrations"
SCHEMA = "db/schema.py"


@dataclass(frozen=True)
class ProjectDatabase:
    """A project, an environment's database URL, and the runner of its migrations."""

    root: Path
    env: str
    url: str
    runner: Runner

    def check_expendable(self, command: str, *, yes: bool) -> None:
        """Refuse to delete what production holds.

        Raises:  ProductionGuard in production, unless `yes`.
        """
        if self.env == "production" and not yes:
            raise ProductionGuard(
                f"spica db {command} would delete the production database",
                where=self.url,
                fix=f"if you mean it: spica db {command} --yes",
            )


def find_database(env: str | None, *, quiet: bool = False) -> ProjectDatabase:
    """Read the configuration of the project around us.

    Args:    env: an environment, None for SPICA_ENV; quiet: whether what the runner does is not printed.
    Raises:  NotInProject, ConfigurationError, DatabaseMissing without a URL; DatabaseUrlError, NotMigratable.
    """
    # Lazy: a mistyped command waits for none of this.
    from spica.config.loader import load
    from spica.migrations.runner import Runner

    root = find_project()
    settings = load(root, env)
    url = settings.database.url
    if not url:
        raise DatabaseMissing(
            f"the {settings.env} environment has no database",
            where="config/database.toml",
            fix='give it one: [database] url = "sqlite://./db/development.sqlite3"',
        )
    tell = (lambda event: None) if quiet else print_event
    runner = Runner(url, root / MIGRATIONS, root / SCHEMA, root=root, on_event=tell)
    return ProjectDatabase(root, settings.env, url, runner)


def print_event(event: Event) -> None:
    """Print what the runner does, as it happens."""
    if event.kind == "finished":
        word = "migrated" if event.direction == "up" else "undone"
        print(f"{paint(word.rjust(10), 'green')}  {event.version}  {event.name}  ({event.seconds * 1000:.0f} ms)")
    elif event.kind == "dumped":
        print(f"{paint('written'.rjust(10), 'green')}  {SCHEMA}")
    elif event.kind == "waiting":
        print(f"{paint('waiting'.rjust(10), 'yellow')}  another process is migrating this database", flush=True)
