"""Hand-written pieces of SQL in queries: `Post.where(raw("lower(title) = :title", title="x"))`.

Rules of this file:
- Values are named in the text and bound. The text itself is the program's: it must not be put together of values.
- So a text with a quoted literal, a comment, a semicolon, or what is left of formatting ("{name}", "%s") is refused:
  formatted text has one of them nearly always, and a piece that is written as meant does without.
"""

from __future__ import annotations

import re
from typing import Any, LiteralString

from spica.orm.errors import QueryError
from spica.orm.expressions import Raw
from spica.orm.fields import SCALARS

_NAME = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")
_TRAPS = (
    (re.compile(r"'"), "it has a quoted text", "write :name there and give the value by name"),
    (re.compile(r"\{\w*\}"), "it has braces, as a text that was to be formatted", "write :name instead of {name}"),
    (
        re.compile(r"%s|%d|%\(|\?|\$\d"),
        "it has a placeholder that is not ours",
        "write :name and give the value by name",
    ),
    (re.compile(r"--|/\*|;"), "it has a comment or a semicolon", "leave it out"),
)


def raw(sql: LiteralString, /, kind: type | None = None, **values: Any) -> Raw:
    """Write a piece of SQL by hand, for `where`, `having`, `select`, `order` and wherever an expression stands.

    Args:    sql: the text, with `:name` where a value goes; kind: the type of its value, for what is selected or
             compared; values: by name, of plain types.
    Raises:  QueryError for a text that was put together of values, for a name without a value and the other way.
    Example: Post.where(raw("length(title) > :n", n=10)).order(raw("length(title)"))
    """
    if not isinstance(sql, str) or not sql.strip():
        raise QueryError(f"raw needs a piece of SQL, got {sql!r}")
    for pattern, why, fix in _TRAPS:
        if pattern.search(sql):
            raise QueryError(
                "raw refuses this text", where=sql, why=f"{why}: a value may have become part of it", fix=fix
            )
    if kind is not None and kind not in SCALARS:
        raise QueryError(f"raw can't give a {kind!r}", fix=f"kind is one of {', '.join(k.__name__ for k in SCALARS)}")
    parts = _NAME.split(sql)
    names = parts[1::2]
    for name in names:
        if name not in values:
            raise QueryError(f"raw has :{name} and no value for it", where=sql, fix=f"give it: {name}=...")
    for name, value in values.items():
        if name not in names:
            raise QueryError(f"raw has a value for {name!r} and no :{name}", where=sql)
        if type(value) not in SCALARS:
            raise QueryError(
                f"raw can't bind {value!r} as :{name}",
                where=sql,
                why="its type is none that a column has",
                fix=f"give one of {', '.join(k.__name__ for k in SCALARS)}; for a list: Post.id.in_([...])",
            )
    given = tuple(values[name] for name in names)
    return Raw(None, ("raw", tuple(parts[::2]), tuple(map(type, given)), kind), kind or object, given)
