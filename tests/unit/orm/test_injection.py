"""Promise 35: nothing that a user gives changes the text of a statement; it is bound, or it is an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spica.db import Database
from spica.orm import UnknownField
from spica.orm.storage import storage_of
from tests.unit.orm.conftest import Post

HOSTILE = [
    "'",
    "''",
    '"',
    "`",
    "\\",
    "\\'",
    ";",
    "--",
    "/*",
    "?",
    ":p0",
    ":title",
    "%s",
    "%(p0)s",
    "$1",
    "\x00",
    "\n",
    "\u2019",
    "\uff07",
    "\x1a",
    "' OR '1'='1",
    "'; DROP TABLE posts; --",
    "1) UNION SELECT name FROM sqlite_master --",
    "__[POSTCOMPILE_p0]",
    "id) --",
    "title DESC; DELETE FROM posts",
    "(select 1)",
    "posts.title",
    "*",
    "",
    " ",
]

# Every way in which a value reaches a statement, each as a query of one value.
BY_VALUE: list[Callable[[Any], Any]] = [
    lambda value: Post.where(title=value),
    lambda value: Post.where(title=[value, "x"]),
    lambda value: Post.where(Post.title == value),
    lambda value: Post.where(Post.title != value),
    lambda value: Post.where(Post.title < value),
    lambda value: Post.where(Post.title.like(value)),
    lambda value: Post.where(Post.title.ilike(value)),
    lambda value: Post.where(Post.title.contains(value)),
    lambda value: Post.where(Post.title.between(value, value)),
    lambda value: Post.where(~(Post.title.in_([value]) | (Post.body == value))),
    lambda value: Post.titled(value),
    lambda value: Post.where(id=1).or_(title=value),
]


@pytest.mark.parametrize("build", BY_VALUE)
@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_value_never_changes_the_text(db: Database, build: Callable[[Any], Any], hostile: str) -> None:
    await Post.create(title="benign")
    assert build(hostile).to_sql() == build("benign").to_sql()
    await build(hostile)
    assert await Post.count() == 1


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_name_is_a_field_or_an_error(db: Database, hostile: str) -> None:
    await Post.create(title="benign")
    for use in (
        lambda: Post.order(hostile),
        lambda: Post.order(f"-{hostile}"),
        lambda: Post.order(f"title {hostile}x"),
        lambda: Post.where(**{hostile: 1}),
        lambda: Post(**{hostile: 1}),
        lambda: Post().assign({hostile: 1}),
    ):
        with pytest.raises(UnknownField):
            use()
    for run in (lambda: Post.pluck(hostile), lambda: Post.update_all(**{hostile: 1})):
        with pytest.raises(UnknownField):
            await run()
    assert await Post.count() == 1


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_stored_values_and_json_keys_come_back_as_they_went(db: Database, hostile: str) -> None:
    text = hostile.replace("\x00", "")  # a NUL is refused in text by name
    post = await Post.create(title="benign", body=text, tags=[hostile], extra={hostile: {hostile: hostile}})
    _, storage = storage_of(Post)
    statement = storage.plan(storage.insert_shape).sql
    fresh = await Post.find(post.id)
    assert (fresh.body, fresh.tags, fresh.extra) == (text, [hostile], {hostile: {hostile: hostile}})
    fresh.body = text + text
    assert await fresh.save()
    assert await Post.where(id=post.id).update_all(body=text) == 1
    assert statement.count("?") == len(Post.__schema__.fields) - 1


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
async def test_any_text_is_bound(db: Database, text: str) -> None:
    for build in BY_VALUE:
        assert build(text).to_sql() == build("benign").to_sql()
