"""The stored text of every error of db, orm, validation and migrations: what a user reads is behaviour."""

from __future__ import annotations

import asyncio
import inspect
import re
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import spica.db.errors
import spica.migrations.errors
import spica.orm.errors
import spica.validation.rules
from spica import db
from spica.db.drivers.postgresql.failures import build_failure
from spica.db.pool import Pool
from spica.errors import SpicaError
from spica.migrations import Runner
from spica.migrations.execution import wrong_direction
from spica.migrations.steps import Step
from spica.orm import Model, Text, belongs_to, field, validates
from spica.orm.errors import RecordNotFound, ValidationError

CODE = "\n  docs   docs/reference/errors.md#"


class Article(Model):
    title: str = field(max=20, unique=True)
    body: Text = ""
    views: int = 0


class Note(Model):
    article: Article = belongs_to()


TABLE = "create table articles (id integer primary key, title varchar not null unique, body text, views integer)"


class Params(dict[str, Any]):
    permitted = False


@pytest.fixture(autouse=True)
async def database(tmp_path: Path) -> Any:
    """A database in a file, with one article, as the default one."""
    database = db.Database(f"sqlite://{tmp_path}/app.db?busy_timeout_ms=20")
    await database.execute(TABLE)
    previous = db.use(database)
    await Article.create(title="first")
    yield database
    db.use(previous)
    await database.close()


def runner(folder: Path, change: str = "pass", *, name: str = "20260101000001_change.py") -> Runner:
    """A runner on another database, with one migration of this body."""
    migrations = folder / "migrations"
    migrations.mkdir(exist_ok=True)
    head = "from spica.migrations import Migration\n\n\nclass Change(Migration):\n    def change(self, m):"
    (migrations / name).write_text(f"{head}\n        {change}\n")
    return Runner(f"sqlite://{folder}/other.db", migrations, folder / "schema.py")


async def not_configured(_: Path) -> None:
    previous = db.use(None)
    try:
        db.current()
    finally:
        db.use(previous)


async def locked(folder: Path) -> None:
    other = sqlite3.connect(folder / "app.db", isolation_level=None)
    other.execute("begin immediate")
    try:
        await Article.create(title="second")
    finally:
        other.close()


async def full(_: Path) -> None:
    [(pages,)] = await db.current().driver.read("pragma page_count", ())
    await db.execute(f"pragma max_page_count = {pages}")
    await Article.create(title="second", body="x" * 100_000)


async def no_database_file(folder: Path) -> None:
    (folder / "letter.txt").write_text("Dear database, " * 100)
    database = db.Database(f"sqlite://{folder}/letter.txt")
    try:
        await database.query("select 1")
    finally:
        await database.close()


async def closed(folder: Path) -> None:
    database = db.Database(f"sqlite://{folder}/app.db")
    await database.close()
    await database.query("select 1")


async def other_task(_: Path) -> None:
    async with db.transaction():
        await asyncio.create_task(Article.count())


async def ended(_: Path) -> None:
    block = db.transaction()
    async with block:
        pass
    async with block:
        pass


async def conflict(_: Path) -> None:
    async def work() -> None:
        raise db.TransactionConflict("could not serialize access")

    await db.run_transaction(work, retry=1)


async def nested_options(_: Path) -> None:
    async with db.transaction(), db.transaction(read_only=True):
        pass


async def unavailable(_: Path) -> None:
    database = db.Database("postgresql://me:secret@127.0.0.1:1/blog")
    try:
        await database.query("select 1")
    finally:
        await database.close()


async def no_connection_free(_: Path) -> None:
    async def never() -> Any:
        await asyncio.Event().wait()

    pool: Pool[Any] = Pool(never, limit=1, timeout_s=0.01, place="db/blog")
    await pool.acquire()


async def too_long(_: Path) -> None:
    raise build_failure(TimeoutError(), "select pg_sleep(9)", "db/blog")


async def lock_taken(_: Path) -> None:
    async with db.advisory_lock("invoices"), db.advisory_lock("invoices", wait_s=0):
        pass


async def driver_missing(_: Path) -> None:
    hidden = [name for name in sys.modules if name.split(".")[0] == "asyncpg" or "drivers.postgresql." in name]
    kept = {name: sys.modules.pop(name) for name in hidden}
    finder = mock.Mock(find_spec=mock.Mock(side_effect=_no_asyncpg))
    try:
        with mock.patch.object(sys, "meta_path", [finder, *sys.meta_path]):
            db.Database("postgresql://localhost/blog")
    finally:
        sys.modules.update(kept)


def _no_asyncpg(name: str, *_: object) -> None:
    if name.split(".")[0] == "asyncpg":
        raise ModuleNotFoundError("No module named 'asyncpg'", name="asyncpg")


async def no_table(_: Path) -> None:
    class Ghost(Model):
        name: str

    await Ghost.all()


async def unreadable(_: Path) -> None:
    class Dated(Model, table="articles"):
        title: str
        views: list[int]

    await Dated.all()


async def undefined(_: Path) -> None:
    class Thing(Model):
        save: str


async def bad_rule(_: Path) -> None:
    validates("title", presense=True)


async def irreversible(folder: Path) -> None:
    one = runner(folder, 'm.execute("create table a (b)")')
    one.migrate()
    one.rollback()


def then(call: Callable[[], Any]) -> Callable[[Path], Awaitable[None]]:
    """Make an action of a call that may be async."""

    async def action(_: Path) -> None:
        result = call()
        if inspect.isawaitable(result):
            await result

    return action


def migrating(change: str = "pass", **options: Any) -> Callable[[Path], Awaitable[None]]:
    async def action(folder: Path) -> None:
        runner(folder, change, **options).migrate()

    return action


async def open_missing_folder(folder: Path) -> None:
    await db.Database(f"sqlite://{folder}/no/app.db").query("select 1")


def interrupted_way_down() -> None:
    step = Step("20260101000001", 1, 2, "down", 'm.rename_table("posts", "articles")', done=False)
    raise wrong_direction(step)


async def migrate_memory(folder: Path) -> None:
    Runner("sqlite://:memory:", folder, folder / "schema.py")


async def unknown_version(folder: Path) -> None:
    runner(folder).migrate("20260101000002")


async def load_nothing(folder: Path) -> None:
    runner(folder).load()


# name of the class: what a user did, and what is read then
STORED: dict[str, tuple[Callable[[Path], Awaitable[None]], str]] = {}


def stored(name: str, action: Callable[[Path], Awaitable[None]], text: str) -> None:
    STORED[name] = (action, text)


stored(
    "DatabaseError",
    then(lambda: db.query("selec 1")),
    """SPICA-D001  the database refused the statement: near "selec": syntax error
  where  selec 1""",
)
stored(
    "NotConfigured",
    not_configured,
    """SPICA-D002  no database is configured
  fix    in a project: add [database] url to config/database.toml; in a script: spica.db.configure("sqlite://app.db")""",
)
stored(
    "DatabaseUrlError",
    then(lambda: db.Database("oracle://me:secret@localhost/blog")),
    """SPICA-D003  'oracle://me:***@localhost/blog' is not a database URL that Spica knows
  why    the first part must be one of: sqlite://, postgresql://, mariadb://
  fix    write sqlite://./db/development.db""",
)
stored(
    "CannotOpen",
    open_missing_folder,
    """SPICA-D004  the database FOLDER/no/app.db can't be opened
  why    unable to open database file
  fix    check that its folder exists and may be written; SQLite writes beside the file even to read""",
)
stored(
    "DatabaseBusy",
    locked,
    """SPICA-D005  the database FOLDER/app.db is locked
  where  INSERT INTO articles (title, body, views) VALUES (?, ?, ?)
  why    another process kept its write lock for longer than busy_timeout_ms
  fix    keep transactions short; find the process with: fuser FOLDER/app.db""",
)
stored(
    "DiskFull",
    full,
    """SPICA-D006  the disk of FOLDER/app.db is full
  where  INSERT INTO articles (title, body, views) VALUES (?, ?, ?)
  fix    free some space; the statement left nothing half-written""",
)
stored(
    "ReadOnlyDatabase",
    then(lambda: db.current().driver.read("delete from articles", ())),
    """SPICA-D007  the database FOLDER/app.db can't be written
  where  delete from articles
  why    attempt to write a readonly database; SQLite writes to the file and creates -wal and -shm files beside it
  fix    give this user write permission on the file and on its folder""",
)
stored(
    "TableMissing",
    no_table,
    """SPICA-D008  the database has no table 'ghosts'
  where  SELECT ghosts.id, ghosts.name FROM ghosts
  fix    run: spica db migrate""",
)
stored(
    "ColumnMissing",
    then(lambda: db.query("select titel from articles")),
    """SPICA-D009  the database has no column 'titel'
  where  select titel from articles
  fix    add it by a migration, then run: spica db migrate""",
)
stored(
    "BadValue",
    then(lambda: db.query("select :id", id=2**70)),
    """SPICA-D010  a value can't be given to the database: Python int too large to convert to SQLite INTEGER
  where  select :id""",
)
stored(
    "DamagedDatabase",
    no_database_file,
    """SPICA-D011  the database FOLDER/letter.txt can't be read: file is not a database""",
)
stored(
    "DatabaseClosed",
    closed,
    """SPICA-D012  the database FOLDER/app.db was closed
  fix    open it again: db.configure(...)""",
)
stored(
    "ConstraintViolation",
    then(lambda: db.execute("insert into articles (title) values ('first')")),
    """SPICA-D013  UNIQUE constraint failed: articles.title
  where  insert into articles (title) values ('first')
  why    a unique constraint of the table does not allow it""",
)
stored(
    "TransactionInOtherTask",
    other_task,
    """SPICA-D014  a transaction was used by another task than the one that opened it
  why    one connection can't serve two tasks at a time; the other one inherited it, as in a TaskGroup
  fix    do the work in the opening task, or open the transaction inside the new task""",
)
stored(
    "TransactionOver",
    ended,
    """SPICA-D015  this transaction was entered before
  fix    make a new one: async with transaction():""",
)
stored(
    "TransactionConflict",
    conflict,
    """SPICA-D016  could not serialize access""",
)
stored(
    "TransactionOptionError",
    nested_options,
    """SPICA-D017  a transaction inside of another can't have options
  why    it is a savepoint: isolation and read_only belong to the whole transaction
  fix    give them to the outermost: async with transaction(isolation=..., read_only=...):""",
)
stored(
    "DatabaseUnavailable",
    unavailable,
    """SPICA-D018  the database 127.0.0.1:1/blog does not answer
  why    [Errno 111] Connect call failed ('127.0.0.1', 1)
  fix    start the server, or correct host and port in config/database.toml""",
)
stored(
    "PoolTimeout",
    no_connection_free,
    """SPICA-D019  no connection to db/blog was free within 0.01 s
  why    all 1 are in use, by long statements or transactions
  fix    make them shorter, or raise pool_size in the database's URL""",
)
stored(
    "StatementTimeout",
    too_long,
    """SPICA-D020  a statement took longer than statement_timeout_ms and was cancelled
  where  select pg_sleep(9)
  fix    make it faster (an index?), or raise the time in the database's URL""",
)
stored(
    "DriverMissing",
    driver_missing,
    """SPICA-D021  PostgreSQL needs asyncpg, which is not installed
  fix    pip install 'spica[postgresql]'""",
)
stored(
    "LockTaken",
    lock_taken,
    """SPICA-D022  the advisory lock 'invoices' was not free within 0 s
  why    another task or process is doing what it guards
  fix    wait longer, advisory_lock(..., wait_s=...), or leave the work to the other one""",
)
stored(
    "ModelDefinitionError",
    undefined,
    """SPICA-D101  'save' can't be a field of Thing
  where  class Thing, HERE, field 'save'
  why    Model.save has it
  fix    choose another name, and for a column of this one write ... = field(column='save')""",
)
stored(
    "UnknownField",
    then(lambda: Article.where(titel="x")),
    """SPICA-D102  Article has no field 'titel'
  fix    did you mean 'title'?""",
)
stored(
    "ForbiddenAttributes",
    then(lambda: Article(Params(title="x", admin="1"))),
    """SPICA-D103  parameters were given to Article without permission
  why    a client could set any field by adding it to the form
  fix    name the fields: params.require("...").permit("title", "admin")""",
)
stored(
    "QueryError",
    then(lambda: Article.where((Article.views > 1) and (Article.views < 5))),
    """SPICA-D104  a condition has no truth value in Python
  why    `and`, `or`, `not`, `in` and `if` need one; the database decides, row by row
  fix    combine with & | ~ and put each side in parentheses: (Post.age >= 18) & (Post.name == "Ann")""",
)
stored(
    "NotPersisted",
    then(lambda: Article(title="x").destroy()),
    """SPICA-D105  this Article can't be destroyed
  why    it was never saved, or is destroyed already""",
)
stored(
    "StoredValueError",
    unreadable,
    """SPICA-D106  the database holds a value that Dated.views can't have
  where  Dated with id 1
  why    the stored int does not read as list[int]
  fix    correct the row, or change the field's type and write a migration""",
)
stored(
    "NotLoaded",
    then(lambda: Note(id=3, article_id=7).article),
    """SPICA-D130  Note.article of the record with id 3 was not loaded
  why    reading it here would be one query for each record
  fix    load it with the records, Note.includes("article"), or now: await note.load("article")""",
)
stored(
    "UnknownRelation",
    then(lambda: Note.__schema__.relation("articel")),
    """SPICA-D131  Note has no relation 'articel'
  fix    did you mean 'article'?""",
)
stored(
    "RuleOptionError",
    bad_rule,
    """SPICA-D120  there is no validation option 'presense'
  fix    did you mean 'presence'?""",
)
stored(
    "MigrationError",
    load_nothing,
    """SPICA-M001  there is no FOLDER/schema.py
  fix    run: spica db migrate""",
)
stored(
    "BadMigrationFile",
    migrating(name="create_posts.py"),
    """SPICA-M002  create_posts.py is not the name of a migration
  where  FOLDER/migrations/create_posts.py
  why    it needs 14 digits (a point in time), an underscore and a name in lower case
  fix    make migrations with: spica g migration NAME""",
)
stored(
    "BadOperation",
    migrating('m.add_column("posts", "title", "strng")'),
    """SPICA-M003  there is no column type 'strng'
  where  FOLDER/migrations/20260101000001_change.py:6
  fix    did you mean 'string'?""",
)
stored(
    "IrreversibleMigration",
    irreversible,
    """SPICA-M004  execute('create table a (b)') can't be undone
  where  FOLDER/migrations/20260101000001_change.py:6
  why    SQL can't be turned round by itself
  fix    give the way back: m.execute("...", "...")""",
)
stored(
    "MigrationFailed",
    migrating('m.execute("delete from posts")'),
    """SPICA-M005  20260101000001_change.py failed: the database has no table 'posts'
  where  FOLDER/migrations/20260101000001_change.py:6
  why    the statement was: delete from posts
  fix    correct it and run spica db migrate again; nothing of this migration was kept""",
)
stored(
    "InterruptedMigration",
    then(interrupted_way_down),
    """SPICA-M008  the migration 20260101000001 is on its way down
  why    a run was interrupted, of 2 steps in
         m.rename_table("posts", "articles")
  fix    finish that first: spica db rollback""",
)
stored(
    "UnknownVersion",
    unknown_version,
    """SPICA-M006  no migration has the version 20260101000002
  where  FOLDER/migrations
  fix    did you mean 20260101000001?""",
)
stored(
    "NotMigratable",
    migrate_memory,
    """SPICA-M007  an in-memory database can't be migrated from outside
  why    it lives only in the process that opened it
  fix    give the environment a file: sqlite://./db/test.db""",
)


@pytest.mark.parametrize("name", STORED)
async def test_the_text(name: str, tmp_path: Path) -> None:
    action, text = STORED[name]
    with pytest.raises(SpicaError) as caught:
        await action(tmp_path)
    assert type(caught.value).__name__ == name
    read = str(caught.value).replace(str(tmp_path), "FOLDER")
    read = re.sub(rf"{re.escape(__file__)}:[0-9]+", "HERE", read)
    assert read == f"{text}{CODE}{caught.value.code.lower()}"


def errors_of(module: Any) -> Iterator[type[SpicaError]]:
    for _, member in inspect.getmembers(module, inspect.isclass):
        if issubclass(member, SpicaError) and member.__module__ == module.__name__:
            yield member


MODULES = [spica.db.errors, spica.orm.errors, spica.migrations.errors, spica.validation.rules]


def test_every_error_has_a_stored_text_a_code_and_a_docstring() -> None:
    found = [error for module in MODULES for error in errors_of(module)]
    assert {error.__name__ for error in found} - {"OrmError"} == set(STORED)  # OrmError is never raised itself
    assert len({error.code for error in found}) == len(found)
    assert all(error.__doc__ for error in found)


def test_a_record_that_is_not_found_tells_the_client_its_name_and_the_log_its_id() -> None:
    problem = RecordNotFound("Post", 42)
    assert (problem.status, problem.detail, str(problem)) == (404, "Post not found", "no Post with id 42")


async def test_a_record_that_is_not_valid_lists_every_message() -> None:
    with pytest.raises(ValidationError) as caught:
        await Article.create(title="first", views="x")
    assert caught.value.status == 422
    assert caught.value.detail == "Article is not valid: Views is not a number; Title has already been taken"
    assert [tuple(error[:3]) for error in caught.value.errors] == [
        ("body", "views", "is not a number"),
        ("body", "title", "has already been taken"),
    ]
