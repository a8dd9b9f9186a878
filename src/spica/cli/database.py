"""The database of the project around us, as `spica db` works on it: settings and migrations, without the application.

The application is not imported: a migration must run when the application's code waits for the very column it adds.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spica.cli.errors import DatabaseMissing, ProductionGuard
from spica.cli.project import find_project
from spica.cli.terminal import paint
from spica.db.url import hide_password, parse_url

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

    @property
    def place(self) -> str:
        """The URL for people: without its password."""
        return hide_password(self.url)

    def check_expendable(self, command: str, *, yes: bool) -> None:
        """Ask on a terminal before what production holds is deleted; refuse where nobody can be asked.

        Raises:  ProductionGuard in production, unless `yes` or its name is typed.
        """
        if self.env != "production" or yes:
            return
        name = parse_url(self.url, root=self.root).place.rpartition("/")[2]
        if not (sys.stdin.isatty() and input(f"Delete the production database? Type {name}: ").strip() == name):
            raise ProductionGuard(
                f"spica db {command} would delete the production database",
                where=self.place,
                fix=f"if you mean it: spica db {command} --yes",
            )


def find_database(
    env: str | None, *, quiet: bool = False, lock_timeout_s: float = 5.0, attempts: int = 10
) -> ProjectDatabase:
    """Read the configuration of the project around us.

    Args:    env: an environment, None for SPICA_ENV; quiet: whether what the runner does is not printed;
             lock_timeout_s, attempts: as of the runner.
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
    runner = Runner(
        url,
        root / MIGRATIONS,
        root / SCHEMA,
        root=root,
        on_event=tell,
        lock_timeout_s=lock_timeout_s,
        attempts=attempts,
    )
    return ProjectDatabase(root, settings.env, url, runner)


def print_event(event: Event) -> None:
    """Print what the runner does, as it happens."""
    if event.kind == "finished":
        word = "migrated" if event.direction == "up" else "undone"
        print(f"{paint(word.rjust(10), 'green')}  {event.version}  {event.name}  ({event.seconds * 1000:.0f} ms)")
    elif event.kind == "dumped":
        print(f"{paint('written'.rjust(10), 'green')}  {SCHEMA}")
    elif event.kind == "step":
        print(f"{paint('step'.rjust(10), 'green')}  {event.text}", flush=True)
    elif event.kind == "resumed":
        print(f"{paint('resumed'.rjust(10), 'yellow')}  {event.version}  {event.name}  {event.text}", flush=True)
    elif event.kind == "retrying":
        print(f"{paint('retrying'.rjust(10), 'yellow')}  {event.text}", flush=True)
    elif event.kind == "waiting":
        who = f": {event.text}" if event.text else ""
        print(f"{paint('waiting'.rjust(10), 'yellow')}  another process is migrating this database{who}", flush=True)
