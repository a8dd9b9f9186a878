"""Every operation on every database: it does what it says, keeps the rows, and is undone to the same schema."""

from __future__ import annotations

import pytest

from spica.migrations import BadOperation, MigrationFailed
from tests.adapters.migrations.conftest import Project

REVERSIBLE = {
    "create_table": 'with m.create_table("tags") as t:\n    t.string("name")\n    t.references("post")',
    "create_table without columns": 'm.create_table("tags")',
    "create_table with check": 'with m.create_table("tags") as t:\n    t.integer("x")\n'
    '    t.check("x > 0", name="x_ok")',
    "drop_table": 'with m.drop_table("posts") as t:\n    t.string("title", limit=200, null=False)\n'
    '    t.references("author", table="users", null=False, on_delete="cascade")\n'
    '    t.boolean("published", default=False)\n    t.timestamps()',
    "rename_table": 'm.rename_table("posts", "articles")',
    "add_column": 'm.add_column("posts", "slug", "string", limit=50)',
    "add_column not null": 'm.add_column("posts", "views", "integer", null=False, default=7)',
    "add_column reference": 'm.add_column("posts", "editor", "references", table="users")',
    "remove_column": 'm.remove_column("posts", "published", "boolean", default=False)',
    "add_reference": 'm.add_reference("posts", "editor", table="users", on_delete="set null")',
    "remove_reference": 'm.remove_reference("posts", "author", table="users", null=False,'
    ' on_delete="cascade", default=1)',
    "rename_column": 'm.rename_column("posts", "published", "visible")',
    "rename_column of a reference": 'm.rename_column("posts", "author_id", "writer_id")',
    "change_column": 'm.change_column("posts", "title", "string", limit=300, null=False,'
    ' was={"type": "string", "limit": 200, "null": False})',
    "change_column to another type": 'm.add_column("posts", "n", "integer", default=3)\n'
    'm.change_column("posts", "n", "decimal", precision=8, scale=2, default="1.5",'
    ' was={"type": "integer", "default": 3})',
    "change_column from text": 'm.add_column("posts", "n", "string", limit=20, default="3")\n'
    'm.change_column("posts", "n", "integer", default=4, was={"type": "string", "limit": 20, "default": "3"})',
    "add_index": 'm.add_index("posts", ["author_id", "created_at"])',
    "add_index by one name": 'm.add_index("posts", "created_at", name="by_time")',
    "add_index concurrently": 'm.add_index("posts", ["created_at"], concurrently=True)',
    "remove_index": 'm.remove_index("posts", ["title"], unique=True)',
    "remove_index of a reference": 'm.remove_index("posts", ["author_id"])',
    "change_null": 'm.change_null("posts", "author_id", True)',
    "change_default": 'm.change_default("posts", "published", True, was=False)',
    "change_default to an expression": 'm.change_default("posts", "created_at", Sql("CURRENT_TIMESTAMP"), was=None)',
    "change_default of text": 'm.change_default("posts", "title", "it\'s \\"so\\": 100%", was=None)',
    "add_timestamps": 'm.add_timestamps("users", default="2026-01-01 00:00:00")',
    "remove_timestamps": 'm.remove_timestamps("posts", default="2026-01-01 00:00:00")',
    "remove_foreign_key": 'm.remove_foreign_key("posts", "author_id", "users", on_delete="cascade")',
    "add_foreign_key": 'm.add_column("posts", "owner", "bigint")\nm.add_foreign_key("posts", "owner", "users")',
    "add_check": 'm.add_check("posts", "title <> \':x\'", name="no_x")',
    "two checks": 'm.add_check("posts", "author_id > 0", name="a")\nm.add_check("posts", "author_id > -1", name="b")\n'
    'm.remove_check("posts", "author_id > 0", name="a")',
    "execute": 'm.execute("create table raw (id integer)", "drop table raw")',
    "execute with signs": "m.execute(\"insert into users (email) values ('%s :x 100% $1')\","
    " \"delete from users where email like '%x 100%'\")\nm.create_table('signs')",
    "a long name": 'm.add_column("posts", "a_column_with_a_long_name_of_which_there_are_more", "integer")\n'
    'm.add_index("posts", ["a_column_with_a_long_name_of_which_there_are_more", "created_at"])',
    "many": 'm.add_column("posts", "slug", "string")\nm.add_index("posts", ["slug"], unique=True)\n'
    'm.rename_column("posts", "slug", "path")\nm.rename_table("posts", "pages")',
}
LOSING = ["drop_table", "remove_column", "remove_reference", "remove_timestamps"]
PARTIAL = 'm.add_index("posts", ["author_id"], unique=True, name="one", where="title <> \'a\'")'
ROWS = "select id, title, author_id from posts order by id"


@pytest.mark.parametrize("name", REVERSIBLE)
def test_up_down_up_with_rows_in_the_tables(posts: Project, name: str) -> None:
    before, rows = posts.schema_text(), posts.query(ROWS)
    if name == "remove_reference":  # what comes back has the default that it needs
        before = before.replace('on_delete="cascade", null=False)', 'on_delete="cascade", null=False, default=1)')
    if name == "remove_timestamps":
        before = before.replace('_at", null=False)', '_at", null=False, default="2026-01-01 00:00:00")')
    if name == "drop_table":  # its block does not name this index
        before = before.replace('        m.add_index("posts", ["title"], unique=True)\n', "")
    posts.write(2, REVERSIBLE[name])
    posts.runner.migrate()
    up = posts.schema_text()
    assert up != before
    posts.runner.rollback()
    down = posts.schema_text()
    assert sorted(down.splitlines()) == sorted(before.splitlines())
    if name in LOSING:
        return
    assert posts.query(ROWS) == rows
    posts.runner.migrate()
    assert sorted(posts.schema_text().splitlines()) == sorted(up.splitlines())


def test_a_partial_index(posts: Project) -> None:
    before = posts.schema_text()
    posts.write(2, PARTIAL)
    if posts.dialect == "mysql":
        with pytest.raises(BadOperation, match="partial") as caught:
            posts.runner.migrate()
        assert "20260101000002_change.py:7" in caught.value.where
        assert posts.runner.status()[1].applied is False
        return
    posts.runner.migrate()
    assert PARTIAL in posts.schema_text()
    posts.runner.rollback()
    assert posts.schema_text() == before


NEAR = {
    'm.add_column("post", "x", "string")': "did you mean 'posts'?",
    'm.drop_table("user")': "did you mean 'users'?",
    'm.rename_table("psots", "x")': "did you mean 'posts'?",
    'm.remove_column("posts", "titel")': "did you mean 'title'?",
    'm.rename_column("posts", "publishd", "x")': "did you mean 'published'?",
    'm.change_null("posts", "titel", True)': "did you mean 'title'?",
    'm.change_column("posts", "titel", "text")': "did you mean 'title'?",
    'm.add_index("posts", ["titel"])': "did you mean 'title'?",
    'm.remove_index("posts", ["titel"])': "did you mean 'index_posts_on_title'?",
    'm.add_foreign_key("posts", "author_id", "user")': "did you mean 'users'?",
    'm.remove_check("posts", name="none")': "its checks are none",
    'm.add_check("nowhere", "id > 0", name="x")': "the tables are posts, users",
}


@pytest.mark.parametrize("change", NEAR)
def test_a_misspelt_name_is_told_with_the_near_one(posts: Project, change: str) -> None:
    posts.write(2, change)
    with pytest.raises(BadOperation) as caught:
        posts.runner.migrate()
    assert caught.value.fix == NEAR[change]
    assert "20260101000002_change.py:7" in caught.value.where


def test_a_column_that_rows_could_not_have_is_refused_before_anything_changes(posts: Project) -> None:
    posts.write(2, 'm.add_column("posts", "n", "integer", null=False)')
    with pytest.raises(BadOperation, match="needs a default"):
        posts.runner.migrate()


@pytest.mark.parametrize(
    "change",
    [
        'm.create_table("posts")',
        'm.add_column("posts", "title", "string")',
        'm.add_index("posts", ["published"], unique=True)\nm.add_index("posts", ["updated_at"], unique=True)',
        'm.add_check("posts", "title = \'one\'", name="only_one")',
        'm.execute("not sql")',
    ],
)
def test_what_the_database_refuses_names_file_and_line(posts: Project, change: str) -> None:
    posts.write(2, change)
    with pytest.raises(MigrationFailed) as caught:
        posts.runner.migrate()
    assert "20260101000002_change.py:" in caught.value.where
    assert posts.runner.status()[1].applied is False


def test_rows_that_would_refer_to_nothing_undo_the_statement(posts: Project) -> None:
    posts.write(2, 'm.execute("update posts set author_id = 77")')
    with pytest.raises(MigrationFailed):
        posts.runner.migrate()
    assert posts.query("select count(*) from posts where author_id = 77") == [(0,)]


def test_rows_that_refer_to_nothing_refuse_a_foreign_key(posts: Project) -> None:
    posts.write(2, 'm.add_column("posts", "owner", "bigint", default=99)\nm.add_foreign_key("posts", "owner", "users")')
    with pytest.raises(MigrationFailed):
        posts.runner.migrate()
    assert posts.runner.status()[1].applied is False


def test_an_id_is_never_given_twice_and_may_be_said(posts: Project) -> None:
    posts.execute("insert into users (id, email) values (40, 'x')")
    assert posts.query("select id from users where email = 'x'") == [(40,)]
