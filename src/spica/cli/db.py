"""`spica db`: migrate, roll back, seed and look at the database."""

from __future__ import annotations

import dataclasses
import json as json_format
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from spica import inflection
from spica.cli.database import find_database
from spica.cli.errors import UsageError
from spica.cli.terminal import paint

if TYPE_CHECKING:
    from spica.migrations.files import MigrationFile
    from spica.migrations.runner import MigrationStatus
    from spica.migrations.verification import Verification

Env = Annotated[str | None, Parameter(name=("--env", "-e"), help="Environment: development, test or production.")]
Steps = Annotated[int, Parameter(name="STEPS", help="How many migrations.")]
Json = Annotated[bool, Parameter(help="Print JSON, for scripts.")]
LockTimeout = Annotated[float, Parameter(help="Seconds that a statement waits for a table that others use.")]
Attempts = Annotated[int, Parameter(help="How often that is tried before a migration gives up.")]
Interrupted = Annotated[
    Literal["again", "done"] | None,
    Parameter(help="What is taken for the outcome of a statement that a killed run left open."),
]
Yes = Annotated[bool, Parameter(help="Do it in production too.")]

app = App(
    name="db",
    help="""Migrate, roll back, seed and look at the database.

For example:

    spica db migrate

    spica db rollback 2

    spica db status --json
""",
    help_format="plaintext",
)


@app.command
def migrate(
    *,
    to: Annotated[str | None, Parameter(help="Stop at this version.")] = None,
    lock_timeout: LockTimeout = 5.0,
    attempts: Attempts = 10,
    interrupted: Interrupted = None,
    env: Env = None,
) -> int:
    """Run the migrations that the database does not have yet, and write db/schema.py.

    For example:

        spica db migrate

        spica db migrate --to 20261121093000
    """
    database = find_database(env, lock_timeout_s=lock_timeout, attempts=attempts)
    done = database.runner.migrate(to, interrupted=interrupted)
    return _report(done, "the database is up to date")


@app.command
def rollback(
    steps: Steps = 1,
    /,
    *,
    lock_timeout: LockTimeout = 5.0,
    attempts: Attempts = 10,
    interrupted: Interrupted = None,
    env: Env = None,
) -> int:
    """Undo the last migrations. One that was interrupted is the last: what is done of it is undone.

    For example:

        spica db rollback

        spica db rollback 2
    """
    database = find_database(env, lock_timeout_s=lock_timeout, attempts=attempts)
    done = database.runner.rollback(_at_least_one(steps), interrupted=interrupted)
    return _report(done, "there is nothing to undo")


@app.command
def redo(steps: Steps = 1, /, *, env: Env = None) -> int:
    """Undo the last migrations and run them again.

    For example:

        spica db redo
    """
    return _report(find_database(env).runner.redo(_at_least_one(steps)), "there is nothing to redo")


@app.command
def status(*, json: Json = False, env: Env = None) -> int:
    """List every migration and whether the database has it. Exit code 1 when one is missing from it.

    For example:

        spica db status

        spica db status --json
    """
    rows = find_database(env).runner.status()
    if json:
        print(json_format.dumps([dataclasses.asdict(row) for row in rows], indent=2))
    else:
        for row in rows:
            print(_render_status(row))
        if not rows:
            print("no migrations; make one: spica g migration CreatePosts title:string")
    return int(any(not row.applied for row in rows))


@app.command
def seed(*, env: Env = None) -> int:
    """Run db/seeds.py with the application started.

    For example:

        spica db seed
    """
    # Lazy: seeding loads the whole application, which no other command here does.
    from spica.cli.seeding import run_seeds

    run_seeds(env)
    return 0


@app.command
def dump(*, env: Env = None) -> int:
    """Write db/schema.py from the tables of the database.

    For example:

        spica db dump
    """
    database = find_database(env)
    database.runner.dump()
    return 0


@app.command
def load(*, env: Env = None) -> int:
    """Make the tables of db/schema.py in an empty database, without running each migration.

    For example:

        spica db load --env production
    """
    database = find_database(env)
    database.runner.load()
    print(f"{paint('loaded'.rjust(10), 'green')}  db/schema.py into {database.place}")
    return 0


@app.command
def create(*, env: Env = None) -> int:
    """Make an empty database.

    For example:

        spica db create --env test
    """
    database = find_database(env)
    made = database.runner.create()
    print(f"{paint('created'.rjust(10), 'green')}  {database.place}" if made else f"{database.place} is there already")
    return 0


@app.command
def sql(*, to: Annotated[str | None, Parameter(help="Stop at this version.")] = None, env: Env = None) -> int:
    """Print the statements that `spica db migrate` would run, and run none of them.

    For example:

        spica db sql

        spica db sql --to 20261121093000 > change.sql
    """
    listed = find_database(env, quiet=True).runner.sql(to)
    for migration in listed:
        print(f"-- {migration.version} {migration.name}")
        statements = migration.statements
        if migration.in_transaction:
            statements = ["BEGIN", *statements, "COMMIT"]
        for statement in statements:
            print(statement.rstrip(";") + ";")
        print()
    if not listed:
        print("-- the database is up to date")
    return 0


@app.command
def diff(
    name: Annotated[str, Parameter(name="NAME", help="What to call the migration.")] = "follow_models",
    /,
    *,
    rename: Annotated[list[str] | None, Parameter(help="TABLE.OLD:NEW, a column that has another name now.")] = None,
    no_renames: Annotated[bool, Parameter(negative="", help="Nothing was renamed: drop what no model names.")] = False,
    check: Annotated[bool, Parameter(help="Write nothing; exit code 1 when there is something to do, for CI.")] = False,
    env: Env = None,
) -> int:
    """Compare the models with the database, and write a migration for what differs.

    For example:

        spica db diff

        spica db diff AddSlugs --rename posts.path:slug

        spica db diff --check
    """
    # Lazy: the only command here that loads the models.
    from spica.cli.db_diff import find_operations, write_migration
    from spica.migrations.source import render_operation

    database = find_database(env)
    operations = find_operations(database, rename or [], no_renames=no_renames)
    if not operations:
        print("the database has what the models say")
        return 0
    for operation in operations:
        print("\n".join(render_operation(operation)))
    if check:
        return 1
    path = write_migration(database, operations, inflection.snake(name))
    print(f"{paint('written'.rjust(10), 'green')}  {path}")
    return 0


@app.command
def verify(*, json: Json = False, env: Env = None) -> int:
    """Run every migration up, down and up again on a scratch database with rows, and compare the tables.

    Exit code 1 when one can't be undone and its class does not say `irreversible = "why"`.

    For example:

        spica db verify

        spica db verify --json
    """
    results = find_database(env, quiet=True).runner.verify()
    if json:
        print(json_format.dumps([dataclasses.asdict(result) for result in results], indent=2))
    else:
        for result in results:
            print(_render_verification(result))
        if not results:
            print("there are no migrations")
    return int(any(result.result == "failed" for result in results))


@app.command
def drop(*, yes: Yes = False, env: Env = None) -> int:
    """Delete the database.

    For example:

        spica db drop
    """
    database = find_database(env)
    database.check_expendable("drop", yes=yes)
    existed = database.runner.drop()
    print(
        f"{paint('dropped'.rjust(10), 'yellow')}  {database.place}"
        if existed
        else f"there is no database at {database.place}"
    )
    return 0


@app.command
def reset(*, yes: Yes = False, env: Env = None) -> int:
    """Delete the database, run all migrations, and seed.

    For example:

        spica db reset
    """
    drop(yes=yes, env=env)
    create(env=env)
    migrate(env=env)
    return seed(env=env)


def _at_least_one(steps: int) -> int:
    if steps < 1:
        raise UsageError(f"STEPS must be 1 or more, not {steps}")
    return steps


def _report(done: list[MigrationFile], nothing: str) -> int:
    if not done:
        print(nothing)
    return 0


def _render_status(row: MigrationStatus) -> str:
    word = "up" if row.applied else "down"
    name = "(its file is gone)" if row.missing else row.name
    line = f"{paint(word.rjust(10), 'green' if row.applied else 'yellow')}  {row.version}  {name}"
    return f"{line}  ({row.interrupted})" if row.interrupted else line


def _render_verification(result: Verification) -> str:
    colour = {"reversible": "green", "one-way": "yellow", "failed": "red"}[result.result]
    lines = [f"{paint(result.result.rjust(10), colour)}  {result.version}  {result.name}"]
    lines += [f"{'':12}{line}" for line in result.why.splitlines()]
    lines += [f"{'':12}no rows for {table}: {reason}" for table, reason in sorted(result.without_rows.items())]
    return "\n".join(lines)
