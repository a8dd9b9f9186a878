"""What a database does for a query: `explain`."""

from __future__ import annotations

import time
from typing import Any, TypeVar

from spica.orm.reading.loading import Loading
from spica.orm.storage import storage_of

M = TypeVar("M")

# What to write before a statement, to be told its plan, and to have it run and be told what that took.
_WORDS = {
    "sqlite": ("explain query plan", "explain query plan"),
    "postgresql": ("explain", "explain (analyze, buffers)"),
    "mysql": ("explain format=json", "explain analyze"),
}
_MARIADB_ANALYZE = "analyze format=json"


class Explaining(Loading[M]):
    """What tells how a query runs."""

    __slots__ = ()

    async def explain(self, *, analyze: bool = False) -> str:
        """The database's plan for the query, as text in its own words.

        Args:    analyze: run the query, and say how long that took; SQLite tells the time of the whole.
        Returns: several lines. What they say is for people, and another version of a database says it differently.
        """
        database, _ = storage_of(self._model)
        plan, _, _ = self._reading()
        values = plan.bind(self._bound(self._selected_values))
        words = _WORDS[database.dialect][analyze]
        if analyze and database.dialect == "mysql":
            version = (await database.read("select version()", ()))[0][0]
            words = _MARIADB_ANALYZE if "mariadb" in str(version).lower() else words
        rows = await database.read(f"{words} {plan.sql}", values)
        if database.dialect != "sqlite":
            return "\n".join(str(row[0]) for row in rows)
        lines = _indented(rows)
        if analyze:
            started = time.perf_counter()
            found = await database.read(plan.sql, values)
            lines.append(f"({len(found)} rows in {(time.perf_counter() - started) * 1000:.1f} ms)")
        return "\n".join(lines)


def _indented(rows: list[tuple[Any, ...]]) -> list[str]:
    """Write SQLite's plan, rows of (number, number of the step above, unused, text), as a tree."""
    depths = {0: -1}
    lines = []
    for number, parent, _, text in rows:
        depths[number] = depths.get(parent, -1) + 1
        lines.append("  " * depths[number] + text)
    return lines
