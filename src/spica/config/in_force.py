"""What an unset setting stands for where that depends on the machine, the environment or another setting.

Rules of this file: the one place for such defaults; who acts on one asks here, and so does `spica config`, so that the
two can't differ.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Literal

from spica.config.settings import Settings
from spica.crypto.derivation import CHEAPEST_COST, PassphraseCost

DEFAULT_PID_FILE = "tmp/server.pid"


def password_cost(settings: Settings) -> PassphraseCost:
    """What hashing a password costs: RFC 9106's second recommendation, in tests the least."""
    chosen = settings.passwords
    usual = CHEAPEST_COST if settings.env == "test" else PassphraseCost()
    return PassphraseCost(
        chosen.memory_kib or usual.memory_kib, chosen.rounds or usual.rounds, chosen.lanes or usual.lanes
    )


def shows_api_docs(settings: Settings) -> bool:
    """Whether the pages of the API document are served: everywhere but in production."""
    enabled = settings.openapi.enabled
    return not settings.is_production if enabled is None else enabled


def pid_file(settings: Settings) -> str:
    """Where a server says how it is found, relative to the project; "" for nowhere."""
    server = settings.server
    if server.pid_file is not None:
        return server.pid_file
    return DEFAULT_PID_FILE if server.supervise or server.workers != 1 else ""


def worker_threads(settings: Settings) -> int:
    """Threads of a worker for work that blocks; unset, as many as concurrent.futures takes."""
    return settings.runtime.worker_threads or min(32, (os.cpu_count() or 1) + 4)


def logs_queries(settings: Settings) -> bool:
    """Whether each query is a line of the log: in development."""
    chosen = settings.database.log_queries
    return settings.env == "development" if chosen is None else chosen


def n_plus_one(settings: Settings) -> Literal["off", "log", "raise"]:
    """What an N+1 is: a line of the log in development, an error in tests."""
    if settings.database.n_plus_one is not None:
        return settings.database.n_plus_one
    return "log" if settings.env == "development" else "raise" if settings.env == "test" else "off"


def watches_queries(settings: Settings) -> bool:
    """Whether anything is to be told of queries, where there is a database."""
    asked = logs_queries(settings) or n_plus_one(settings) != "off" or settings.database.query_comments
    return bool(settings.database.url) and asked


def pubsub_url(settings: Settings) -> str:
    """How broadcasts reach other processes: those of this host, in tests none."""
    return settings.pubsub.url or ("memory" if settings.env == "test" else "local")


# By section and key.
IN_FORCE: dict[tuple[str, str], Callable[[Settings], Any]] = {
    ("server", "pid_file"): pid_file,
    ("runtime", "worker_threads"): worker_threads,
    ("passwords", "memory_kib"): lambda settings: password_cost(settings).memory_kib,
    ("passwords", "rounds"): lambda settings: password_cost(settings).rounds,
    ("passwords", "lanes"): lambda settings: password_cost(settings).lanes,
    ("database", "log_queries"): logs_queries,
    ("database", "n_plus_one"): n_plus_one,
    ("openapi", "enabled"): shows_api_docs,
    ("pubsub", "url"): pubsub_url,
}
