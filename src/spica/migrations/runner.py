"""The runner: migrate, roll back, status, dump and load. For the command line, synchronous.

Rules of this file:
- A migration and its row in `schema_migrations` are one transaction: it happened wholly or not at all, also after
  `kill -9`.
- What is to be done is decided under the write lock, so that of several runners one works and the others find it done.
- db/schema.py is written after each run that changed something.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from spica.db.errors import DatabaseError
from spica.db.url import DatabaseUrl, parse_url
from spica.errors import SpicaError, closest
from spica.migrations.errors import MigrationError, MigrationFailed, NotMigratable, UnknownVersion
from spica.migrations.files import MigrationFile, bad_code, list_files, load_class, load_migration
from spica.migrations.migration import record_down, record_up
from spica.migrations.operations import Operation
from spica.migrations.verification import Verification, compare_schemas

if TYPE_CHECKING:
    import sqlalchemy as sa

    from spica.migrations.difference import Difference, Renames
    from spica.migrations.preview import MigrationSql
    from spica.orm.schema import Schema


@dataclass(frozen=True, slots=True)
class Event:
    """What the runner tells while it works.

    kind: "started" and "finished" of a migration, "waiting" for another process's lock, "dumped" the schema.
    """

    kind: Literal["started", "finished", "waiting", "dumped"]
    version: str = ""
    name: str = ""
    direction: Literal["up", "down"] = "up"
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """One migration: whether the database has it, and whether its file is there."""

    version: str
    name: str
    applied: bool
    missing: bool = False


class Runner:
    """Runs the migrations of one folder on one database.

    Args:    database_url: as in config/database.toml; directory: db/migrations; schema_path: db/schema.py;
             root: where a relative path in the URL starts, default the current folder;
             on_event: called with what happens, for progress.
    Raises:  DatabaseUrlError; NotMigratable for an in-memory database, or one of a server.
    """

    def __init__(
        self,
        database_url: str,
        directory: Path,
        schema_path: Path,
        *,
        root: Path | None = None,
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self._url: DatabaseUrl = parse_url(database_url, root=root)
        if self._url.in_memory:
            raise NotMigratable(
                "an in-memory database can't be migrated from outside",
                why="it lives only in the process that opened it",
                fix="give the environment a file: sqlite://./db/test.db",
            )
        if self._url.scheme != "sqlite":
            raise NotMigratable(
                f"migrations run on SQLite only so far, and this database is at {self._url.place}",
                why=f"they are not written for {self._url.scheme} yet",
                fix="make its tables by its own tools, or give the environment a file: sqlite://./db/development.db",
            )
        self._database_url = database_url
        self._directory = directory
        self._schema_path = schema_path
        self._tell = on_event

    def migrate(self, to: str | None = None) -> list[MigrationFile]:
        """Run what the database does not have yet.

        Args:    to: a version; migrations after it are left out, or rolled back where the database has them.
        Returns: the migrations that were run or rolled back, in that order; [] when there was nothing to do.
        Raises:  MigrationFailed, IrreversibleMigration, BadMigrationFile, UnknownVersion.
        """
        files = list_files(self._directory)
        self._check_version(to, files)
        with self._connected() as connection:
            wanted = [file for file in files if to is None or file.version <= to]
            done = [file for file in wanted if self._run(connection, file, "up")]
            if to is not None:
                beyond = [version for version in self._applied(connection) if version > to]
                done += self._roll_back(connection, files, beyond)
            if done or not self._schema_path.exists():
                self._dump(connection)
        return done

    def rollback(self, steps: int = 1) -> list[MigrationFile]:
        """Undo the last migrations.

        Args:    steps: how many, from 1.
        Returns: the migrations that were rolled back, the latest first.
        Raises:  IrreversibleMigration, MigrationFailed, UnknownVersion when a file is gone.
        """
        if steps < 1:
            raise MigrationError(f"rollback takes a number of steps from 1, got {steps}")
        files = list_files(self._directory)
        with self._connected() as connection:
            done = self._roll_back(connection, files, self._applied(connection)[-steps:])
            if done:
                self._dump(connection)
        return done

    def redo(self, steps: int = 1) -> list[MigrationFile]:
        """Undo the last migrations and run them again. Returns them, the earliest first."""
        self.rollback(steps)
        return self.migrate()

    def status(self) -> list[MigrationStatus]:
        """List every migration, by version: those of the folder and those that the database has."""
        files = {file.version: file for file in list_files(self._directory)}
        applied: set[str] = set()
        if Path(self._url.path).exists():
            with self._connected() as connection:
                applied = set(self._applied(connection))
        return [
            MigrationStatus(
                version, files[version].name if version in files else "", version in applied, version not in files
            )
            for version in sorted(files.keys() | applied)
        ]

    def pending(self) -> list[MigrationFile]:
        """List the migrations that the database does not have yet."""
        applied = {status.version for status in self.status() if status.applied}
        return [file for file in list_files(self._directory) if file.version not in applied]

    def dump(self) -> Path:
        """Write db/schema.py from the database. Returns its path."""
        with self._connected() as connection:
            self._dump(connection)
        return self._schema_path

    def load(self) -> None:
        """Make the tables of db/schema.py in an empty database, without running the migrations one by one.

        Raises:  MigrationError when there is no db/schema.py; MigrationFailed when the tables are there already.
        """
        from spica.migrations.history import add_versions  # SQLAlchemy: only commands that migrate need it

        if not self._schema_path.exists():
            raise MigrationError(f"there is no {self._schema_path}", fix="run: spica db migrate")
        schema = load_class(self._schema_path, "spica_schema")
        versions = [file.version for file in list_files(self._directory) if file.version <= schema.version]
        with self._connected() as connection, self._transaction(connection):
            self._carry_out(connection, record_up(schema), self._schema_path.name)
            add_versions(connection, versions)

    def create(self) -> bool:
        """Make an empty database. Returns whether there was none."""
        existed = Path(self._url.path).exists()
        with self._connected():
            return not existed

    def sql(self, to: str | None = None) -> list[MigrationSql]:
        """List the statements of what the database does not have yet, without running them on it.

        Args:    to: a version; migrations after it are left out.
        Raises:  as `migrate`.
        """
        from spica.migrations.preview import MigrationSql, collecting, copy_structure  # SQLAlchemy, as in load

        self._check_version(to, list_files(self._directory))
        listed = []
        with self._scratch() as scratch:
            copy_structure(Path(self._url.path), Path(scratch._url.path))
            for file in scratch.pending():
                if to is not None and file.version > to:
                    break
                with scratch._connected() as connection, collecting(connection) as statements:
                    scratch._run(connection, file, "up")
                listed.append(MigrationSql(file.version, file.name, statements))
        return listed

    def diff(
        self, schemas: Iterable[Schema], renames: Renames | None = None, kept: Collection[tuple[str, str]] = ()
    ) -> Difference:
        """Find what the database needs to have what models say.

        Args:    schemas: `Model.__schema__` of each; renames, kept: as in `find_difference`.
        Raises:  MigrationError while migrations wait to be run; BadOperation.
        """
        from spica.migrations.difference import find_difference  # SQLAlchemy, as in load

        if pending := self.pending():
            raise MigrationError(
                f"{len(pending)} migration(s) have not run, so the database is not what it will be",
                where="\n".join(str(file.path) for file in pending),
                fix="run: spica db migrate",
            )
        with self._connected() as connection:
            return find_difference(connection, schemas, renames or {}, kept)

    def verify(self) -> list[Verification]:
        """Run every migration up, down and up again on a scratch database with rows in its tables.

        Returns: one result a migration, in order; after one whose way up fails, nothing more can be tried.
        Raises:  MigrationFailed for a migration that can't be run at all.
        """
        results = []
        with self._scratch() as scratch:
            for file in list_files(self._directory):
                results.append(scratch._verify(file))
                if not any(row.applied for row in scratch.status() if row.version == file.version):
                    break
        return results

    def drop(self) -> bool:
        """Delete the database's files. Returns whether there was a database."""
        existed = Path(self._url.path).exists()
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(self._url.path + suffix).unlink(missing_ok=True)
        return existed

    # -- inside -------------------------------------------------------------------------------------------------------

    @contextmanager
    def _scratch(self) -> Iterator[Runner]:
        """Give a runner of the same migrations on a database that is not there yet and goes away afterwards."""
        with tempfile.TemporaryDirectory(prefix="spica-") as folder:
            place = Path(folder)
            yield Runner(f"sqlite://{place / 'scratch.db'}", self._directory, place / "schema.py", on_event=self._tell)

    def _verify(self, file: MigrationFile) -> Verification:
        from spica.migrations.dump import render_schema  # as below
        from spica.migrations.rows import fill_tables

        with self._connected() as connection:

            def fill() -> None:
                with self._transaction(connection):
                    empty.update(fill_tables(connection))

            empty: dict[str, str] = {}
            fill()
            before = render_schema(connection, "")
            self._run(connection, file, "up")
            if reason := load_migration(file).irreversible:
                return Verification(file.version, file.name, "one-way", reason)
            after = render_schema(connection, "")
            fill()
            down = up = ""
            try:
                self._run(connection, file, "down")
                down = compare_schemas(before, render_schema(connection, ""))
                self._run(connection, file, "up")
                up = compare_schemas(after, render_schema(connection, ""))
            except MigrationError as problem:
                if not down:
                    return Verification(file.version, file.name, "failed", str(problem), empty)
        difference = f"going down left other tables:\n{down}" if down else ""
        if up:
            difference = difference or f"going up again made other tables:\n{up}"
        return Verification(file.version, file.name, "failed" if difference else "reversible", difference, empty)

    def _roll_back(
        self, connection: sa.Connection, files: list[MigrationFile], versions: list[str]
    ) -> list[MigrationFile]:
        by_version = {file.version: file for file in files}
        for version in versions:
            self._check_version(version, files)
        undone = [by_version[version] for version in reversed(versions)]
        return [file for file in undone if self._run(connection, file, "down")]

    def _run(self, connection: sa.Connection, file: MigrationFile, direction: Literal["up", "down"]) -> bool:
        """Run one migration in a transaction, unless somebody else did. Returns whether it was run."""
        from spica.migrations.history import add_versions, remove_version  # SQLAlchemy, as above

        if (file.version in self._applied(connection)) == (direction == "up"):
            return False
        started = time.monotonic()
        operations = _record(file, direction)
        with self._transaction(connection):
            if (file.version in self._applied(connection)) == (direction == "up"):
                return False
            self._tell(Event("started", file.version, file.name, direction))
            self._carry_out(connection, operations, file.path.name)
            if direction == "up":
                add_versions(connection, [file.version])
            else:
                remove_version(connection, file.version)
        self._tell(Event("finished", file.version, file.name, direction, time.monotonic() - started))
        return True

    def _carry_out(self, connection: sa.Connection, operations: list[Operation], name: str) -> None:
        from sqlalchemy.exc import SQLAlchemyError  # as above

        from spica.migrations.connection import as_failure
        from spica.migrations.ddl import Executor

        executor = Executor(connection)
        for operation in operations:
            try:
                executor.run(operation)
            except SQLAlchemyError as problem:
                raise _failed(as_failure(problem, self._url.path), name, operation) from problem

    def _dump(self, connection: sa.Connection) -> None:
        from spica.migrations.dump import render_schema  # as above

        applied = self._applied(connection)
        text = render_schema(connection, applied[-1] if applied else "")
        temporary = self._schema_path.with_suffix(".tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self._schema_path)
        self._tell(Event("dumped", applied[-1] if applied else ""))

    def _applied(self, connection: sa.Connection) -> list[str]:
        from spica.migrations.history import list_applied  # as above

        return list_applied(connection)

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        from spica.migrations.connection import connect  # as above

        with connect(self._url) as connection:
            yield connection

    @contextmanager
    def _transaction(self, connection: sa.Connection) -> Iterator[None]:
        from spica.migrations.connection import transaction  # as above

        with transaction(connection, self._url.path, on_wait=lambda: self._tell(Event("waiting"))):
            yield

    def _check_version(self, version: str | None, files: list[MigrationFile]) -> None:
        versions = [file.version for file in files]
        if version is None or version in versions or version == "0":
            return
        near = closest(version, versions)
        raise UnknownVersion(
            f"no migration has the version {version}",
            where=str(self._directory),
            fix=f"did you mean {near[0]}?" if near else "spica db status lists them",
        )


def _record(file: MigrationFile, direction: Literal["up", "down"]) -> list[Operation]:
    """List what a file wants done. Raises BadMigrationFile when its own code fails."""
    migration = load_migration(file)
    try:
        return record_up(migration) if direction == "up" else record_down(migration)
    except SpicaError:
        raise
    except Exception as problem:
        raise bad_code(file.path, problem) from problem


def _failed(failure: DatabaseError, name: str, operation: Operation) -> MigrationFailed:
    return MigrationFailed(
        f"{name} failed: {failure.what}",
        where=operation.where,
        why=failure.why or f"the statement was: {failure.where}",
        fix="correct it and run spica db migrate again; nothing of this migration was kept",
    )
