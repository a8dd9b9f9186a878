"""What is measured, and on which rows."""

from __future__ import annotations

from typing import NamedTuple

ROWS = 1_000
AUTHORS = 100
BULK = 1_000
AT_ONCE = 64
TITLE, BODY = "A title", "A body " * 10


class Operation(NamedTuple):
    """An operation.

    name: of the subjects' method; title: in the report; count: calls a round; of: records a call, when a figure of one
    is what is wanted; budget: ours to the raw driver's CPU time.
    """

    name: str
    title: str
    count: int
    of: int = 1
    budget: float | None = None


ALL = [
    Operation("get", "get by key", 400, budget=2.0),
    Operation("list", "list of 20", 150, budget=1.5),
    Operation("parent", "list of 20 with its author", 100, budget=1.5),
    Operation("insert", "insert", 150, budget=1.5),
    Operation("update", "update", 150, budget=1.5),
    Operation("bulk", "insert 1,000 at once, a row", 3, of=BULK, budget=1.5),
    Operation("concurrent", "64 gets at once, a get", 10, of=AT_ONCE),
]
