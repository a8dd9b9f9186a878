"""Operations on a real SQLite database: each does what it says, keeps the rows, and is undone to the same schema."""

from __future__ import annotations

import pytest

from spica.migrations import BadOperation, IrreversibleMigration, MigrationFailed
from tests.unit.migrations.conftest import POSTS, Project

REVERSIBLE = {
    "create_table": 'with m.create_table("tags") as t:\n    t.string("name")\n    t.references("post")',
    "create_table without columns": 'm.create_table("tags")',
    "drop_table": 'with m.drop_table("posts") as t:\n    t.string("title", limit=200, null=False)\n'
    '    t.references("author", table="users", null=False, on_delete="cascade")\n'
    '    t.boolean("published", default=False)\n    t.timestamps()',
    "rename_table": 'm.rename_table("posts", "articles")',
    "add_column": 'm.add_column("posts", "slug", "string", limit=50)',
    "add_column not null": 'm.add_column("posts", "views", "integer", null=False, default=7)',
    "remove_column": 'm.remove_column("posts", "published", "boolean", default=False)',
    "add_reference": 'm.add_reference("posts", "editor", table="users")',
    "remove_reference": 'm.remove_reference("posts", "author", table="users", null=False,'
    ' on_delete="cascade", default=1)',
    "rename_column": 'm.rename_column("posts", "published", "visible")',
    "change_column": 'm.change_column("posts", "title", "text", was={"type": "string", "limit": 200, "null": False})',
    "add_index": 'm.add_index("posts", ["author_id", "created_at"])',
    "add_index by one name": 'm.add_index("posts", "created_at", name="by_time")',
    "create_table with check": 'with m.create_table("tags") as t:\n    t.integer("x")\n    '
    't.check("x > 0", name="x_ok")',
    "partial index": 'm.add_index("posts", ["author_id"], unique=True, name="one", where="published = 1")',
    "change_null": 'm.change_null("posts", "author_id", True)',
    "change_default": 'm.change_default("posts", "published", True, was=False)',
    "change_default to an expression": "from spica.migrations import Sql\n"
    'm.change_default("posts", "created_at", Sql("CURRENT_TIMESTAMP"), was=None)',
    "add_timestamps": 'm.add_timestamps("users", default="2026-01-01 00:00:00")',
    "remove_foreign_key": 'm.remove_foreign_key("posts", "author_id", "users", on_delete="cascade")',
    "add_foreign_key": 'm.add_column("posts", "owner", "bigint")\nm.add_foreign_key("posts", "owner", "users")',
    "add_check": 'm.add_check("posts", "title <> \':x\'", name="no_x")',
    "two checks": 'm.add_check("posts", "id > 0", name="a")\nm.add_check("posts", "id > -1", name="b")\n'
    'm.remove_check("posts", "id > 0", name="a")',
    "execute": 'm.execute("create table raw (id integer)", "drop table raw")',
    "many": 'm.add_column("posts", "slug", "string")\nm.add_index("posts", ["slug"], unique=True)\n'
    'm.rename_column("posts", "slug", "path")\nm.rename_table("posts", "pages")',
}
LOSING = ["drop_table", "remove_column", "remove_reference"]
ROWS = "select id, title, author_id, published, created_at from posts"


@pytest.fixture
def posts(project: Project) -> Project:
    """The tables users and posts, with two rows each."""
    project.write(1, POSTS)
    project.runner.migrate()
    project.execute("insert into users (email) values ('a@b.c'), ('d@e.f')")
    project.execute(
        "insert into posts (title, author_id, published, created_at, updated_at)"
        " values ('one', 1, 1, '2026-01-01', '2026-01-01'), ('two', 2, 0, '2026-01-01', '2026-01-01')"
    )
    return project


@pytest.mark.parametrize("name", [name for name in REVERSIBLE if name not in LOSING])
def test_up_down_up_with_rows_in_the_tables(posts: Project, name: str) -> None:
    before, rows = posts.schema_text(), posts.query(ROWS)
    posts.write(2, REVERSIBLE[name])
    posts.runner.migrate()
    up = posts.schema_text()
    assert up != before
    posts.runner.rollback()
    assert posts.schema_text() == before
    assert posts.query(ROWS) == rows
    posts.runner.migrate()
    assert posts.schema_text() == up


@pytest.mark.parametrize("name", LOSING)
def test_what_throws_values_away_gives_the_columns_back(posts: Project, name: str) -> None:
    before = posts.schema_text()
    if name == "drop_table":  # its block does not name this index
        before = before.replace('        m.add_index("posts", ["title"], unique=True)\n', "")
    posts.write(2, REVERSIBLE[name])
    posts.runner.migrate()
    assert posts.schema_text() != before
    posts.runner.rollback()
    lines = posts.schema_text().replace(", default=1)", ")").splitlines()  # a column that comes back is the last
    assert sorted(lines) == sorted(before.splitlines())


def test_a_column_of_every_type_survives_the_dump(project: Project) -> None:
    project.write(
        1,
        """
        m.create_table("users")
        with m.create_table("things") as t:
            t.string("a", limit=20, null=False, default="it's \\"so\\"")
            t.string("b")
            t.text("c", default="line\\nline")
            t.integer("d", default=-3)
            t.bigint("e")
            t.float("f", default=1.5)
            t.decimal("g", precision=10, scale=2, default="9.9")
            t.boolean("h", null=False, default=True)
            t.date("i")
            t.datetime("j")
            t.json("k", default={"a": [1]})
            t.binary("l")
            t.uuid("m", default="0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3")
            t.references("user", index=False)
            t.references("owner", table="users", on_delete="set null")
            t.timestamps()
        """,
    )
    project.runner.migrate()
    text = project.schema.read_text()
    assert project.schema_text().splitlines()[1:] == [
        '        m.create_table("users")',
        "",
        '        with m.create_table("things") as t:',
        '            t.string("a", limit=20, null=False, default="it\'s \\"so\\"")',
        '            t.string("b")',
        '            t.text("c", default="line\\nline")',
        '            t.integer("d", default=-3)',
        '            t.bigint("e")',
        '            t.float("f", default=1.5)',
        '            t.decimal("g", precision=10, scale=2, default="9.9")',
        '            t.boolean("h", null=False, default=True)',
        '            t.date("i")',
        '            t.datetime("j")',
        '            t.json("k", default="{\\"a\\":[1]}")',
        '            t.binary("l")',
        '            t.uuid("m", default="0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3")',
        '            t.references("user", index=False)',
        '            t.references("owner", index=False, table="users", on_delete="set null")',
        '            t.datetime("created_at", null=False)',
        '            t.datetime("updated_at", null=False)',
        '        m.add_index("things", ["owner_id"])',
    ]
    project.runner.drop()
    project.runner.load()
    project.runner.dump()
    assert project.schema.read_text() == text
    project.execute("insert into things (created_at, updated_at) values (0, 0)")
    assert project.query("select a, c, d, f, g, h, k from things") == [
        ('it\'s "so"', "line\nline", -3, 1.5, 9.9, 1, '{"a":[1]}')
    ]


def test_tables_are_dumped_after_those_they_refer_to(project: Project) -> None:
    project.write(
        1,
        'with m.create_table("zebras") as t:\n    t.string("name")\n'
        'with m.create_table("apples") as t:\n    t.references("zebra")\n'
        'with m.create_table("mangos") as t:\n    t.references("mango")',
    )
    project.runner.migrate()
    text = project.schema_text()
    assert text.index('"zebras"') < text.index('"apples"') < text.index('"mangos"')


def test_a_rebuild_keeps_what_sqlite_has_no_word_for(posts: Project) -> None:
    posts.execute("create index short_titles on posts (lower(title)) where published = 1")
    posts.execute("create view titles as select title from posts")
    posts.execute(
        "create trigger touch after insert on posts begin update posts set published = 1 where id = new.id; end"
    )
    posts.execute("create table log (id integer primary key, size integer check (size > 0), text varchar)")
    posts.execute("delete from posts where id = 2")
    posts.write(2, 'm.change_column("posts", "title", "text", null=False)\nm.remove_column("log", "text", "string")')
    posts.runner.migrate()
    names = {
        name for (name,) in posts.query("select name from sqlite_master where type in ('index', 'view', 'trigger')")
    }
    assert {"short_titles", "titles", "touch", "index_posts_on_title", "index_posts_on_author_id"} <= names
    assert posts.query("select * from titles") == [("one",)]
    posts.execute("insert into posts (title, author_id, created_at, updated_at) values ('new', 1, 0, 0)")
    assert posts.query("select id, published from posts where title = 'new'") == [(3, 1)]  # 2 is never given again
    with pytest.raises(Exception, match="CHECK"):
        posts.execute("insert into log (size) values (-1)")
    with pytest.raises(Exception, match="FOREIGN KEY"):
        posts.execute("insert into posts (title, author_id, created_at, updated_at) values ('x', 99, 0, 0)")
    text = posts.schema_text()
    assert "create trigger touch" in text.lower()
    assert "create view titles" in text.lower()
    assert "short_titles" in text


def test_a_rebuild_keeps_the_rows_that_refer_to_the_table(posts: Project) -> None:
    posts.write(2, 'm.change_column("users", "email", "text", null=False)')
    posts.runner.migrate()
    assert posts.query("select count(*) from posts") == [(2,)]  # dropping the old copy did not cascade
    posts.execute("delete from users where id = 1")
    assert posts.query("select count(*) from posts") == [(1,)]  # deleting a row still does


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ('m.drop_table("posts")', "its columns are not known"),
        ('m.remove_column("posts", "title")', "the column's type is not known"),
        ('m.change_column("posts", "title", "text")', "what the column was before"),
        ('m.remove_index("posts", name="index_posts_on_title")', "the index' columns are not known"),
        ('m.change_default("posts", "title", "x")', "what the default was before"),
        ('m.remove_foreign_key("posts", "author_id")', "the table it refers to is not known"),
        ('m.add_check("posts", "1", name="a")\nm.remove_check("posts", name="a")', "its condition is not known"),
        ('m.execute("delete from posts")', "SQL can't be turned round"),
    ],
)
def test_what_can_not_be_undone_says_what_to_write(posts: Project, change: str, says: str) -> None:
    posts.write(2, change)
    posts.runner.migrate()
    with pytest.raises(IrreversibleMigration) as caught:
        posts.runner.rollback()
    assert says in caught.value.why
    assert caught.value.where.endswith(f"20260101000002_change.py:{6 + change.count(chr(10))}")
    assert "m." in caught.value.fix


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ('m.add_column("posts", "x", "strng")', "did you mean 'string'?"),
        ('m.add_column("posts", "x", "string", limt=3)', "did you mean 'limit'?"),
        ('m.add_column("posts", "x", "integer", limit=3)', "a integer column has no limit"),
        ('m.add_column("posts", "x", "string", table="users")', "a string column has no table"),
        ('m.add_reference("posts", "x", on_delete="explode")', "there is no on_delete 'explode'"),
        ('m.add_column("posts", "x", "string", null=False)', "needs a default for the rows"),
        ('m.remove_column("posts", "titel", "string")', "has no column 'titel'"),
        ('m.rename_column("posts", "titel", "x")', "has no column 'titel'"),
        ('m.change_column("nowhere", "x", "string")', "there is no table 'nowhere'"),
        ('with m.create_table("x") as t:\n    t.string("a")\n    t.text("a")', "has a column 'a' already"),
        ('with m.create_table("x") as t:\n    t.integer("id")', "has a column 'id' already"),
        ('m.remove_check("posts", name="x")', "has no check 'x'"),
        ('m.remove_foreign_key("posts", "title")', "posts.title has no foreign key"),
        ('m.add_foreign_key("posts", "titel", "users")', "has no column 'titel'"),
        ('m.add_foreign_key("posts", "title", "users", on_delete="explode")', "there is no on_delete 'explode'"),
        ('m.change_null("posts", "titel", True)', "has no column 'titel'"),
        ('m.remove_index("posts")', "needs the columns or the name"),
    ],
)
def test_an_operation_that_makes_no_sense_is_refused(posts: Project, change: str, says: str) -> None:
    posts.write(2, change)
    with pytest.raises(BadOperation) as caught:
        posts.runner.migrate()
    assert says in str(caught.value)
    assert "20260101000002_change.py" in caught.value.where


@pytest.mark.parametrize(
    "change",
    [
        'm.create_table("posts")',
        'm.add_column("posts", "title", "string")',
        'm.add_index("posts", ["published"], unique=True)\nm.add_index("posts", ["updated_at"], unique=True)',
        'm.execute("not sql")',
    ],
)
def test_what_the_database_refuses_names_file_and_line(posts: Project, change: str) -> None:
    before = posts.query("select sql from sqlite_master order by name")
    posts.write(2, change)
    with pytest.raises(MigrationFailed) as caught:
        posts.runner.migrate()
    assert "20260101000002_change.py:" in caught.value.where
    assert posts.query("select sql from sqlite_master order by name") == before


def test_checks_and_partial_indexes_hold_and_are_loaded(project: Project) -> None:
    project.write(
        1,
        """
        with m.create_table("items") as t:
            t.integer("price")
            t.time("opens")
            t.boolean("sold", null=False, default=False)
            t.check("price >= 0", name="price_ok")
        m.add_index("items", ["price"], unique=True, where="sold = 0")
        """,
    )
    project.runner.migrate()
    text = project.schema_text()
    assert 'm.add_check("items", "price >= 0", name="price_ok")' in text
    assert 'm.add_index("items", ["price"], unique=True, where="sold = 0")' in text
    project.runner.drop()
    project.runner.load()
    project.execute("insert into items (price, sold) values (1, 1), (1, 1), (1, 0)")
    with pytest.raises(Exception, match="CHECK"):
        project.execute("insert into items (price) values (-1)")
    with pytest.raises(Exception, match="UNIQUE"):
        project.execute("insert into items (price) values (1)")


def test_a_foreign_key_of_any_column_is_loaded(project: Project) -> None:
    project.write(
        1,
        POSTS + '    m.remove_foreign_key("posts", "author_id", "users", on_delete="cascade")\n'
        '    m.rename_column("posts", "author_id", "owner")\n    m.add_foreign_key("posts", "owner", "users")',
    )
    project.runner.migrate()
    assert 'm.add_foreign_key("posts", "owner", "users")' in project.schema_text()
    project.runner.drop()
    project.runner.load()
    with pytest.raises(Exception, match="FOREIGN KEY"):
        project.execute("insert into posts (title, owner, created_at, updated_at) values ('x', 99, 0, 0)")


def test_removing_a_column_takes_its_indexes(posts: Project) -> None:
    posts.write(2, 'm.remove_column("posts", "title", "string")')
    posts.runner.migrate()
    assert "title" not in posts.schema_text()
