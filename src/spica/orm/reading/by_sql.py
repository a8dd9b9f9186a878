"""Records of hand-written SQL: `Post.find_by_sql("select * from posts where id = :id", id=7)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spica.orm.errors import QueryError
from spica.orm.storage import storage_of


async def find_by_sql(model: Any, sql: str, values: Mapping[str, Any]) -> list[Any]:
    """Run a statement and make records of its rows.

    Raises:  QueryError for rows without a column of the model.
    """
    database, storage = storage_of(model)
    rows = await database.query(sql, **values)
    names = [field.column for field in model.__schema__.fields]
    if not rows:
        return []
    missing = [name for name in names if name not in rows[0]]
    if missing:
        raise QueryError(
            f"rows without {', '.join(missing)} make no {model.__schema__.model}",
            where=sql,
            why=f"the statement gives {', '.join(rows[0])}",
            fix=f"select {model.__schema__.table}.*, or use db.query for other rows",
        )
    return storage.load([tuple([row[name] for name in names]) for row in rows])
