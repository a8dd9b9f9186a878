"""insert_all, upsert, upsert_all: rows that come in, rows that are left, texts for three databases."""

from __future__ import annotations

from typing import Any

import pytest

from spica.db import ConstraintViolation, Database
from spica.http.params import Params
from spica.orm import ForbiddenAttributes, Model, QueryError, UnknownField
from spica.orm.compiler import compile_shape
from spica.orm.shapes import QueryShape
from tests.unit.orm.conftest import Author, Post, Status

pytestmark = pytest.mark.usefixtures("db")


async def test_rows_are_converted_and_filled() -> None:
    assert await Post.insert_all([{"title": "a", "views": "3", "tags": ["x"]}, {"title": "b", "status": "live"}]) == 2
    first, second = await Post.order("title")
    assert (first.views, first.tags, first.status, first.published) == (3, ["x"], Status.DRAFT, False)
    assert (second.views, second.tags, second.status) == (0, [], Status.LIVE)
    assert first.created_at is not None
    assert first.created_at == first.updated_at
    assert await Post.insert_all([]) == 0


@pytest.mark.parametrize("rows", [1, 2, 255, 256, 257, 1_000])
async def test_many_rows_go_in_chunks(rows: int) -> None:
    assert await Author.insert_all({"name": f"n{number}", "age": number} for number in range(rows)) == rows
    assert await Author.order("id").pluck("age") == list(range(rows))


async def test_a_wide_table_stays_within_the_parameter_limit(db: Database) -> None:
    names = [f"f{number}" for number in range(300)]
    Wide = type(Model)("Wide", (Model,), {"__annotations__": dict.fromkeys(names, int), "__module__": __name__})
    await db.execute(f"create table wides (id integer primary key, {', '.join(f'{name} integer' for name in names)})")
    assert await Wide.insert_all([dict.fromkeys(names, number) for number in range(200)]) == 200  # type: ignore[attr-defined]
    assert await Wide.sum("f299") == sum(range(200))  # type: ignore[attr-defined]


async def test_conflicts() -> None:
    await Author.create(name="Ann", age=1)
    rows: list[dict[str, Any]] = [{"name": f"n{number}"} for number in range(300)] + [{"name": "Ann", "age": 2}]
    with pytest.raises(ConstraintViolation):
        await Author.insert_all(rows)
    assert await Author.count() == 1  # all or nothing
    assert await Author.insert_all(rows, on_conflict="ignore") == 300
    assert await Author.where(name="Ann").pick("age") == 1


async def test_upsert_inserts_or_sets() -> None:
    made = await Author.upsert({"name": "Ann", "age": 1}, by="name")
    again = await Author.upsert({"name": "Ann", "age": "2"}, by=["name"])
    assert (made.id, made.age, again.id, again.age) == (1, 1, 1, 2)
    same = await Author.upsert({"name": "Ann"}, by="name")
    assert (same.id, same.age) == (1, 2)  # what was not given stays
    await Author.upsert_all([{"name": "Ann", "age": 5}, {"name": "Bob", "age": 6}, {"name": "Cid"}], by="name")
    assert await Author.order("id").pluck("name", "age") == [("Ann", 5), ("Bob", 6), ("Cid", None)]


async def test_an_upsert_leaves_defaults_and_creation_times_alone() -> None:
    post = await Post.create(title="first", views=7)
    after = await Post.upsert({"id": post.id, "title": "b"}, by="id")
    assert (after.title, after.views, after.created_at) == ("b", 7, post.created_at)
    assert after.updated_at > post.updated_at


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mysql"])
@pytest.mark.parametrize(
    "conflict", [("error",), ("ignore",), ("update", ("name",), ("age",)), ("update", ("name",), ())]
)
def test_each_dialect_has_its_words(dialect: str, conflict: tuple[Any, ...]) -> None:
    shape = QueryShape(("insert_rows", 2, conflict, "name", "age"))
    text = compile_shape(Author.__schema__, shape, dialect).sql.lower()
    if dialect == "mysql":
        expected = {"error": "", "ignore": "on duplicate key update id = ", "update": "on duplicate key update "}
    else:
        expected = {"error": "", "ignore": "on conflict do nothing", "update": "on conflict "}
    assert expected[conflict[0]] in text
    assert ("conflict" in text or "duplicate" in text) is (conflict[0] != "error")


async def test_mistakes_are_named_and_nothing_is_written() -> None:
    with pytest.raises(UnknownField, match="titel"):
        await Post.insert_all([{"title": "a"}, {"titel": "b"}])
    with pytest.raises(QueryError, match="'many'"):
        await Post.insert_all([{"title": "a"}, {"title": "b", "views": "many"}])
    with pytest.raises(QueryError, match="'error' or 'ignore'"):
        await Post.insert_all([], on_conflict="replace")
    with pytest.raises(ForbiddenAttributes):
        await Post.insert_all([Params({"title": "a"})])
    with pytest.raises(UnknownField, match="slug"):
        await Post.upsert({"title": "a"}, by="slug")
    with pytest.raises(QueryError, match="which row is meant"):
        await Post.upsert({"title": "a"}, by=[])
    with pytest.raises(QueryError, match="needs its value"):
        await Author.upsert({"age": 1}, by="name")
    assert await Post.count() == 0
