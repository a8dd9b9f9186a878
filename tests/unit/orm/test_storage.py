"""Plans: one compilation a shape, no SQLAlchemy after it, bounded in number."""

from __future__ import annotations

import subprocess
import sys

import pytest

from spica.db import Database
from spica.orm import compiler, storage
from spica.orm.shapes import QueryShape
from tests.unit.orm.conftest import Post


async def test_a_shape_is_compiled_once(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[QueryShape] = []
    compile_shape = compiler.compile_shape

    def noted(schema: object, shape: QueryShape, dialect: str) -> object:
        compiled.append(shape)
        return compile_shape(schema, shape, dialect)  # type: ignore[arg-type]

    monkeypatch.setattr(compiler, "compile_shape", noted)
    for views in range(5):
        await Post.where(views=views).order("-id").limit(views)
    assert len([shape for shape in compiled if shape.ordering]) == 1
    compiled.clear()
    for size in range(3, 40):
        await Post.where(id=list(range(size)))
    assert len(compiled) == 5  # 4, 8, 16, 32 and 64 values


async def test_plans_are_bounded(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "MAX_PLANS", 4)
    for name in ("id", "title", "body", "views", "day", "status"):
        await Post.order(name)
    _, kept = storage.storage_of(Post)
    assert len(kept._plans) <= 4
    assert await Post.count() == 0


@pytest.mark.parametrize(
    "shape",
    [
        QueryShape(("insert", "title", "views")),
        QueryShape(("update", "title"), (("and", ("eq", "id"), ("not", ("in", "views", 4))), ("null", "day"))),
        QueryShape(("select",), (("or", ("columns", "eq", "id", "views"), ("like", "title")),), (), True),
        QueryShape(("count",), (("true",), ("ge", "id")), (), True),
    ],
)
def test_there_is_a_field_for_every_placeholder(shape: QueryShape) -> None:
    compiled = compiler.compile_shape(Post.__schema__, shape, "sqlite")
    fields = compiled.sources
    assert compiled.sql.count("?") == len(compiled.order) == len(fields)
    assert sorted(compiled.order) == list(range(len(fields)))


async def test_values_of_conditions_that_the_compiler_drops_are_dropped_too(db: Database) -> None:
    await Post.create(title="Hello")  # "false and x" is written as "false"
    assert await Post.where(id=[], views=0).limit(3) == []
    assert await Post.where(views=0).where(id=[]).or_(views=0).pluck("title") == ["Hello"]
    assert await Post.where(id=[], views=0).limit(3).count() == 0
    assert await Post.where(id=[], views=0).update_all(views=1) == 0


def test_importing_models_does_not_import_sqlalchemy() -> None:
    code = "import sys, spica.orm, spica.migrations; print('sqlalchemy' in sys.modules, 'alembic' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "False"]
