"""The suites of migrations run on every database: a project's db folder, and an empty database of each kind."""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest

from spica.db.url import parse_url
from spica.migrations import Event, Runner
from tests.adapters.servers import running_mariadb, running_postgresql

_numbers = itertools.count()
_run = f"{os.getpid()}_{secrets.token_hex(4)}"  # a run that was killed may have left databases of this number


class Project:
    """A db folder: migrations are written by `write`, run by `runner`, looked at by `query`."""

    def __init__(self, root: Path, url: str) -> None:
        self.root = root
        self.url = url
        self.dialect = parse_url(url).scheme
        self.migrations = root / "db" / "migrations"
        self.migrations.mkdir(parents=True)
        self.schema = root / "db" / "schema.py"
        self.events: list[Event] = []
        self.runner = self.new_runner()

    def new_runner(self, **options: Any) -> Runner:
        """Another runner of the same folder and database, telling its events to `events`."""
        return Runner(self.url, self.migrations, self.schema, on_event=self.events.append, **options)

    def write(self, version: int, change: str, *, down: str | None = None, head: str = "") -> str:
        """Write a migration whose method has this body. Returns its version, 14 digits."""
        text = f"{20260101000000 + version}"
        method = "change" if down is None else "up"
        source = "from spica.migrations import Migration, Sql\n\n\nclass Change(Migration):\n" + indent(head, " " * 4)
        source += f"\n    def {method}(self, m):\n{_body(change)}\n"
        if down is not None:
            source += f"\n    def down(self, m):\n{_body(down)}\n"
        (self.migrations / f"{text}_change.py").write_text(source)
        return text

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the database itself."""
        return self._run(lambda connection: [tuple(row) for row in connection.exec_driver_sql(sql)])

    def execute(self, *statements: str) -> None:
        """Change the database itself."""

        def run(connection: Any) -> None:
            for statement in statements:
                connection.exec_driver_sql(statement)

        self._run(run)

    def schema_text(self) -> str:
        """The dumped schema without the version, which is that of the last migration."""
        return self.schema.read_text().partition("def change(self, m):\n")[2]

    def kinds(self) -> list[str]:
        """The kinds of events so far."""
        return [event.kind for event in self.events]

    def _run(self, work: Callable[[Any], Any]) -> Any:
        backend = self.runner.backend

        def connected() -> Any:
            with backend.connect() as connection:
                return work(connection)

        return backend.run(connected)


def _body(change: str) -> str:
    return indent(dedent(change).strip() or "pass", " " * 8)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    with running_postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[str]:
    with running_mariadb() as url:
        yield url


DATABASES = ["sqlite", "postgresql", "mariadb"]


@pytest.fixture(params=DATABASES)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    """A project with an empty database of each kind."""
    if request.param == "sqlite":
        yield Project(tmp_path, f"sqlite://{tmp_path}/db/test.db")
        return
    made = Project(tmp_path, _new_url(request.getfixturevalue(f"{request.param}_server")))
    made.runner.create()
    try:
        yield made
    finally:
        made.runner.drop()


def _new_url(server: str) -> str:
    """The URL of a database that nobody else has."""
    head, _, tail = server.rpartition("/")
    _, question, options = tail.partition("?")
    return f"{head}/spica_migrations_{_run}_{next(_numbers)}{question}{options}"


@pytest.fixture
def postgresql(project: Project) -> Project:
    """The project of a PostgreSQL, for what only that has."""
    if project.dialect != "postgresql":
        pytest.skip("it is PostgreSQL's own way")
    return project


POSTS = """
    with m.create_table("users") as t:
        t.string("email", null=False)
    with m.create_table("posts") as t:
        t.string("title", limit=200, null=False)
        t.references("author", table="users", null=False, on_delete="cascade")
        t.boolean("published", default=False)
        t.timestamps()
    m.add_index("posts", ["title"], unique=True)
"""


@pytest.fixture
def posts(project: Project) -> Project:
    """The tables users and posts, with two rows each."""
    project.write(1, POSTS)
    project.runner.migrate()
    yes, no = ("true", "false") if project.dialect == "postgresql" else ("1", "0")
    project.execute(
        "insert into users (email) values ('a@b.c'), ('d@e.f')",
        "insert into posts (title, author_id, published, created_at, updated_at)"
        f" values ('one', 1, {yes}, '2026-01-01 00:00:00', '2026-01-01 00:00:00'),"
        f" ('two', 2, {no}, '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
    )
    project.events.clear()
    return project
