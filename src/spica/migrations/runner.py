"""The runner: migrate, roll back, status, dump and load. For the command line, synchronous.

Rules of this file:
- How a migration is carried out is in execution.py; what a database does its own way is in its backend.
- What is to be done is decided under the lock that keeps others out, so that of several runners one works and the
  others find it done.
- db/schema.py is written after each run that changed something.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, Literal, ParamSpec, TypeVar

from spica.db.url import DatabaseUrl, parse_url
from spica.errors import SpicaError, closest
from spica.migrations.errors import (
    IrreversibleMigration,
    MigrationError,
    NotMigratable,
    UnknownVersion,
)
from spica.migrations.events import Event
from spica.migrations.files import MigrationFile, bad_code, list_files, load_class, load_migration
from spica.migrations.migration import has_change, record_down, record_up
from spica.migrations.verification import Verification, compare_schemas

if TYPE_CHECKING:
    import sqlalchemy as sa

    from spica.migrations.backend import Backend
    from spica.migrations.difference import Difference, Renames
    from spica.migrations.execution import Execution, Interrupted, Work
    from spica.migrations.preview import MigrationSql
    from spica.migrations.steps import Step
    from spica.orm.schema import Schema

P = ParamSpec("P")
T = TypeVar("T")


def _on_backend(method: Callable[Concatenate[Runner, P], T]) -> Callable[Concatenate[Runner, P], T]:
    """Run a method where the connections of the runner's database can be used."""

    @wraps(method)
    def run(self: Runner, /, *args: P.args, **options: P.kwargs) -> T:
        return self.backend.run(lambda: method(self, *args, **options))

    return run


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """One migration: whether the database has it, whether its file is there, and how far an interrupted run came."""

    version: str
    name: str
    applied: bool
    missing: bool = False
    interrupted: str = ""


class Runner:
    """Runs the migrations of one folder on one database.

    Args:    database_url: as in config/database.toml; directory: db/migrations; schema_path: db/schema.py;
             root: where a relative path in the URL starts, default the current folder;
             on_event: called with what happens, for progress;
             lock_timeout_s: how long a statement waits for a table that others use; attempts: how often it is tried.
    Raises:  DatabaseUrlError; NotMigratable for an in-memory database.
    """

    def __init__(
        self,
        database_url: str,
        directory: Path,
        schema_path: Path,
        *,
        root: Path | None = None,
        on_event: Callable[[Event], None] = lambda event: None,
        lock_timeout_s: float = 5.0,
        attempts: int = 10,
    ) -> None:
        self._url: DatabaseUrl = parse_url(database_url, root=root)
        if self._url.in_memory:
            raise NotMigratable(
                "an in-memory database can't be migrated from outside",
                why="it lives only in the process that opened it",
                fix="give the environment a file: sqlite://./db/test.db",
            )
        if lock_timeout_s <= 0 or attempts < 1:
            raise MigrationError(f"lock_timeout_s={lock_timeout_s} and attempts={attempts} must be above 0")
        self._directory = directory
        self._schema_path = schema_path
        self._tell = on_event
        self._lock_timeout_s = lock_timeout_s
        self._attempts = attempts

    @cached_property
    def backend(self) -> Backend:
        """What this runner's kind of database does its own way."""
        from spica.migrations.backends import build_backend  # SQLAlchemy: only commands that migrate need it

        return build_backend(self._url)

    @_on_backend
    def migrate(self, to: str | None = None, *, interrupted: Interrupted | None = None) -> list[MigrationFile]:
        """Run what the database does not have yet.

        Args:    to: a version; migrations after it are left out, or rolled back where the database has them;
                 interrupted: what a statement is taken for that a killed run left open: "done", or to be run "again".
        Returns: the migrations that were run or rolled back, in that order; [] when there was nothing to do.
        Raises:  MigrationFailed, IrreversibleMigration, BadMigrationFile, UnknownVersion, InterruptedMigration.
        """
        files = list_files(self._directory)
        self._check_version(to, files)
        with self._connected() as connection, self._locked(connection):
            execution = self._execution(connection, interrupted)
            self._check_direction(connection)
            wanted = [file for file in files if to is None or file.version <= to]
            done = [file for file in wanted if self._run(execution, connection, file, "up")]
            if to is not None:
                beyond = [version for version in self._applied(connection) if version > to]
                done += self._roll_back(execution, connection, files, beyond)
            if done or not self._schema_path.exists():
                self._dump(connection)
        return done

    @_on_backend
    def rollback(self, steps: int = 1, *, interrupted: Interrupted | None = None) -> list[MigrationFile]:
        """Undo the last migrations. One that was interrupted on its way up is the last.

        Args:    steps: how many, from 1; interrupted: as of `migrate`.
        Returns: the migrations that were rolled back, the latest first.
        Raises:  IrreversibleMigration, MigrationFailed, UnknownVersion when a file is gone.
        """
        if steps < 1:
            raise MigrationError(f"rollback takes a number of steps from 1, got {steps}")
        files = list_files(self._directory)
        with self._connected() as connection, self._locked(connection):
            execution = self._execution(connection, interrupted)
            done = self._take_back(execution, connection, files)
            left = steps - len(done)
            if left > 0:
                done += self._roll_back(execution, connection, files, self._applied(connection)[-left:])
            if done:
                self._dump(connection)
        return done

    def redo(self, steps: int = 1) -> list[MigrationFile]:
        """Undo the last migrations and run them again. Returns them, the earliest first."""
        self.rollback(steps)
        return self.migrate()

    @_on_backend
    def status(self) -> list[MigrationStatus]:
        """List every migration, by version: those of the folder and those that the database has."""
        files = {file.version: file for file in list_files(self._directory)}
        applied: set[str] = set()
        interrupted: dict[str, str] = {}
        if self.backend.exists():
            with self._connected() as connection:
                applied = set(self._applied(connection))
                interrupted = _describe(self._steps(connection))
        return [
            MigrationStatus(
                version,
                files[version].name if version in files else "",
                version in applied,
                version not in files,
                interrupted.get(version, ""),
            )
            for version in sorted(files.keys() | applied)
        ]

    def pending(self) -> list[MigrationFile]:
        """List the migrations that the database does not have yet."""
        applied = {status.version for status in self.status() if status.applied}
        return [file for file in list_files(self._directory) if file.version not in applied]

    @_on_backend
    def dump(self) -> Path:
        """Write db/schema.py from the database. Returns its path."""
        with self._connected() as connection:
            self._dump(connection)
        return self._schema_path

    @_on_backend
    def load(self) -> None:
        """Make the tables of db/schema.py in an empty database, without running the migrations one by one.

        Raises:  MigrationError when there is no db/schema.py, or the database has tables; MigrationFailed.
        """
        if not self._schema_path.exists():
            raise MigrationError(f"there is no {self._schema_path}", fix="run: spica db migrate")
        schema = load_class(self._schema_path, "spica_schema")
        versions = [file.version for file in list_files(self._directory) if file.version <= schema.version]
        with self._connected() as connection, self._locked(connection):
            tables = self.backend.build_catalog(connection).list_tables()
            if tables and not self._steps(connection):
                raise MigrationError(
                    f"the database has tables already: {', '.join(tables)}",
                    where=self._url.place,
                    fix="load into an empty one (spica db drop, spica db create), or run: spica db migrate",
                )
            self._execution(connection).load(record_up(schema), self._schema_path.name, versions)

    @_on_backend
    def create(self) -> bool:
        """Make an empty database. Returns whether there was none."""
        return self.backend.create()

    @_on_backend
    def drop(self) -> bool:
        """Delete the database. Returns whether there was one."""
        return self.backend.drop()

    @_on_backend
    def sql(self, to: str | None = None) -> list[MigrationSql]:
        """List the statements of what the database does not have yet, without running them on it.

        Args:    to: a version; migrations after it are left out.
        Raises:  as `migrate`.
        """
        from spica.migrations.preview import MigrationSql, collecting  # SQLAlchemy, as above

        self._check_version(to, list_files(self._directory))
        listed = []
        with self._scratch() as scratch:
            if self.backend.exists():
                self.backend.copy_to(scratch.backend)
            for file in scratch.pending():
                if to is not None and file.version > to:
                    break
                with scratch._connected() as connection, collecting(connection) as statements:
                    scratch._run(scratch._execution(connection), connection, file, "up")
                stages = self.backend.divide(record_up(load_migration(file)))
                whole = len(stages) == 1 and stages[0].in_transaction
                listed.append(MigrationSql(file.version, file.name, statements, whole))
        return listed

    @_on_backend
    def diff(
        self, schemas: Iterable[Schema], renames: Renames | None = None, kept: Collection[tuple[str, str]] = ()
    ) -> Difference:
        """Find what the database needs to have what models say.

        Args:    schemas: `Model.__schema__` of each; renames, kept: as in `find_difference`.
        Raises:  MigrationError while migrations wait to be run; BadOperation.
        """
        from spica.migrations.difference import find_difference  # as above

        if pending := self.pending():
            raise MigrationError(
                f"{len(pending)} migration(s) have not run, so the database is not what it will be",
                where="\n".join(str(file.path) for file in pending),
                fix="run: spica db migrate",
            )
        with self._connected() as connection:
            return find_difference(self.backend.build_catalog(connection), schemas, renames or {}, kept)

    @_on_backend
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

    # -- inside -------------------------------------------------------------------------------------------------------

    @contextmanager
    def _scratch(self) -> Iterator[Runner]:
        """Give a runner of the same migrations on a database that is not there yet and goes away afterwards."""
        import tempfile  # as above

        with self.backend.scratch() as backend, tempfile.TemporaryDirectory(prefix="spica-") as folder:
            runner = copy(self)
            runner.backend, runner._url, runner._schema_path = backend, backend.url, Path(folder) / "schema.py"
            yield runner

    def _verify(self, file: MigrationFile) -> Verification:
        from spica.migrations.dump import render_schema  # as above
        from spica.migrations.rows import fill_tables

        with self._connected() as connection:
            execution = self._execution(connection)

            def fill() -> None:
                with self.backend.transaction(connection, lambda who: None, self._lock_timeout_s):
                    empty.update(fill_tables(self.backend.build_catalog(connection)))

            def dump() -> str:
                return render_schema(self.backend.build_catalog(connection), "")

            empty: dict[str, str] = {}
            fill()
            before = dump()
            self._run(execution, connection, file, "up")
            if reason := load_migration(file).irreversible:
                return Verification(file.version, file.name, "one-way", reason)
            after = dump()
            fill()
            down = up = ""
            try:
                self._run(execution, connection, file, "down")
                down = compare_schemas(before, dump())
                self._run(execution, connection, file, "up")
                up = compare_schemas(after, dump())
            except MigrationError as problem:
                if not down:
                    return Verification(file.version, file.name, "failed", str(problem), empty)
        difference = f"going down left other tables:\n{down}" if down else ""
        if up:
            difference = difference or f"going up again made other tables:\n{up}"
        return Verification(file.version, file.name, "failed" if difference else "reversible", difference, empty)

    def _run(
        self, execution: Execution, connection: sa.Connection, file: MigrationFile, direction: Literal["up", "down"]
    ) -> bool:
        """Run one migration, unless somebody else did. Returns whether it was run."""
        if (file.version in self._applied(connection)) == (direction == "up"):
            return False
        return execution.run(_build_work(file, direction))

    def _roll_back(
        self, execution: Execution, connection: sa.Connection, files: list[MigrationFile], versions: list[str]
    ) -> list[MigrationFile]:
        by_version = {file.version: file for file in files}
        for version in versions:
            self._check_version(version, files)
        undone = [by_version[version] for version in reversed(versions)]
        return [file for file in undone if self._run(execution, connection, file, "down")]

    def _take_back(
        self, execution: Execution, connection: sa.Connection, files: list[MigrationFile]
    ) -> list[MigrationFile]:
        """Undo what an interrupted run did of a migration on its way up."""
        steps = [step for step in self._steps(connection) if step.direction == "up"]
        if not steps:
            return []
        version = steps[0].version
        self._check_version(version, files)
        file = next(file for file in files if file.version == version)
        if not has_change(load_migration(file)):
            raise IrreversibleMigration(
                f"{file.path.name} was interrupted and can't be undone by itself",
                why="it has `up`: what undoes each step of that is not known",
                fix="finish it: spica db migrate",
            )
        execution.take_back(_build_work(file, "up"), [step for step in steps if step.version == version])
        return [file]

    def _check_direction(self, connection: sa.Connection) -> None:
        """Refuse to go up while a migration is on its way down: the database has it, and has it not."""
        from spica.migrations.execution import wrong_direction  # as above

        for step in self._steps(connection):
            if step.direction == "down":
                raise wrong_direction(step)

    def _dump(self, connection: sa.Connection) -> None:
        from spica.migrations.dump import render_schema  # as above

        # One at a time: an earlier look must not be written after a later one.
        with self.backend.still(connection, lambda who: self._tell(Event("waiting", text=who))):
            applied = self._applied(connection)
            text = render_schema(self.backend.build_catalog(connection), applied[-1] if applied else "")
            temporary = self._schema_path.with_suffix(".tmp")
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(self._schema_path)
        self._tell(Event("dumped", applied[-1] if applied else ""))

    def _applied(self, connection: sa.Connection) -> list[str]:
        from spica.migrations.history import list_applied  # as above

        return list_applied(connection)

    def _steps(self, connection: sa.Connection) -> list[Step]:
        from spica.migrations.steps import list_steps  # as above

        return list_steps(connection)

    def _execution(self, connection: sa.Connection, interrupted: Interrupted | None = None) -> Execution:
        from spica.migrations.execution import Execution, Patience  # as above

        patience = Patience(self._lock_timeout_s, self._attempts)
        return Execution(self.backend, connection, self._tell, patience, interrupted)

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        with self.backend.connect() as connection:
            yield connection

    @contextmanager
    def _locked(self, connection: sa.Connection) -> Iterator[None]:
        with self.backend.locked(connection, lambda who: self._tell(Event("waiting", text=who))):
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


def _build_work(file: MigrationFile, direction: Literal["up", "down"]) -> Work:
    """List what a file wants done. Raises BadMigrationFile when its own code fails."""
    from spica.migrations.execution import Work  # SQLAlchemy, as above

    migration = load_migration(file)
    try:
        operations = record_up(migration) if direction == "up" else record_down(migration)
    except SpicaError:
        raise
    except Exception as problem:
        raise bad_code(file.path, problem) from problem
    return Work(file.version, file.name, file.path.name, direction, operations)


def _describe(steps: list[Step]) -> dict[str, str]:
    """Say of each interrupted migration how far it came."""
    described = {}
    for step in steps:  # in order, so that the last one of a version stays
        done = step.number if step.done else step.number - 1
        way = "up" if step.direction == "up" else "down"
        described[step.version] = f"{done} of {step.total} steps {way} are done"
        if not step.done:
            described[step.version] += f"; in: {step.operation.splitlines()[0]}"
    return described
