"""N+1 in tests: a query that one line of the application runs again and again fails the test.

Rules:
- It is raised where it happens; a test in which the application caught it fails at its end.
- Lines of the tests themselves may repeat queries.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from spica.app.application import App
from spica.db.observed import Scope

if TYPE_CHECKING:  # it loads the models' machinery, which not every test needs
    from spica.app.query_watch import QueryWatch

_watches: list[QueryWatch] = []


@contextlib.contextmanager
def watched(app: App) -> Iterator[None]:
    """Look for N+1 in an application while the block, a test, runs.

    Raises:  NPlusOne at the end, for one that nobody saw.
    """
    watch = app.query_watch
    if watch is None:
        yield
        return
    watch.outside = Scope()
    watch.found.clear()
    _watches.append(watch)
    try:
        yield
    finally:
        _watches.remove(watch)
        watch.outside = None
    if watch.found:
        raise watch.found[0]


@contextlib.contextmanager
def allow_n_plus_one() -> Iterator[None]:
    """Let the application run the same query again and again while the block runs.

    Example:
        with allow_n_plus_one():
            await client.get("/report")
    """
    with contextlib.ExitStack() as stack:
        for watch in _watches:
            stack.enter_context(watch.allowing())
        yield
