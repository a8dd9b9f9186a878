"""Watching queries: development's log of them, N+1 in the log or as an error, comments that name the route.

Rules of this file:
- What is watched is decided at boot, from the environment and `[database]`; where it is nothing, nothing of this is
  loaded.
- Log lines have texts and times, no values.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Literal
from urllib.parse import quote

from spica.config.in_force import logs_queries, n_plus_one
from spica.config.settings import Settings
from spica.db.driver import Parameters
from spica.db.observed import KEPT, OTHERS, Scope, Statement, current_scope, enter_scope, find_place, leave_scope
from spica.http.context import Context
from spica.http.response import Response
from spica.middleware.pipeline import Middleware
from spica.orm.n_plus_one import NPlusOne, find_repetition
from spica.telemetry.logs import get_logger

Detection = Literal["off", "log", "raise"]


class QueryWatch:
    """The observer of an application's database.

    Args:    log: whether each statement is a line; detect: what an N+1 is; comments: whether statements name routes.
    """

    def __init__(self, *, log: bool, detect: Detection, comments: bool) -> None:
        self._log = log
        self._detect = detect
        self._comments = comments
        self._watches = log or detect != "off"
        self._allowed = 0
        self.outside: Scope | None = None  # for what runs in no request; a test has one
        self.found: list[NPlusOne] = []

    def before(self, sql: str, parameters: Parameters) -> str:
        """Count the statement, and give it its comment. Raises NPlusOne in tests."""
        scope = current_scope()
        if self._detect != "off" and not self._allowed:
            self._look(scope, sql, parameters)
        return f"{sql} /*route='{quote(scope.label, safe='')}'*/" if self._comments and scope is not None else sql

    def after(self, sql: str, seconds: float) -> None:
        """Remember the statement, and write its line."""
        if not self._watches:
            return
        place, scope = find_place(), current_scope()
        if scope is not None and len(scope.statements) < KEPT:
            scope.statements.append(Statement(sql, seconds, place))
        if self._log:
            get_logger().info("query", ms=round(seconds * 1000, 2), sql=sql, at=str(place))

    @contextmanager
    def allowing(self) -> Iterator[None]:
        """Look for no N+1 while the block runs."""
        self._allowed += 1
        try:
            yield
        finally:
            self._allowed -= 1

    def _look(self, scope: Scope | None, sql: str, parameters: Parameters) -> None:
        scope, place = scope or self.outside, find_place()
        if scope is None:
            return
        if scope is self.outside:
            if is_of_a_test(place.file):
                return
            entry = find_entry()
            if entry is not scope.entry:  # a test may call what it tests as often as it likes
                scope.entry = entry
                scope.times.clear()
        problem = find_repetition(scope, sql, parameters, place)
        if problem is None:
            return
        if self._detect == "raise":
            self.found.append(problem)
            raise problem
        get_logger().warning("N+1", problem=problem.what, at=problem.where, fix=problem.fix, sql=sql)


class QueryScope(Middleware):
    """Gives each request of a route a scope; label: what the route leads to."""

    def __init__(self, label: str) -> None:
        self._label = label

    def before(self, ctx: Context) -> None:
        """Begin the request's scope."""
        enter_scope(self._label)

    def after(self, ctx: Context, response: Response) -> None:
        """End it; what a stream asks later, as often as it has something to say, is nobody's N+1."""
        leave_scope()


def find_entry() -> FrameType | None:
    """Find the outermost function of the application on the stack, that which a test called."""
    frame: FrameType | None = sys._getframe(1)
    entry = None
    while frame is not None and not is_of_a_test(frame.f_code.co_filename):
        if not frame.f_code.co_filename.startswith(OTHERS):
            entry = frame
        frame = frame.f_back
    return entry


def is_of_a_test(file: str) -> bool:
    """Whether a file has tests: what repeats queries there does so on purpose."""
    name = file.rpartition("/")[2]
    return name.startswith(("test_", "conftest")) or name.endswith("_test.py") or f"/{file}".count("/tests/") > 0


def build_watch(settings: Settings) -> QueryWatch:
    """Make what an environment and `[database]` ask for."""
    return QueryWatch(
        log=logs_queries(settings), detect=n_plus_one(settings), comments=settings.database.query_comments
    )
