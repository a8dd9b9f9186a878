"""Health: what `/health` and `/ready` tell of this process.

Rules of this file:
- `/health` asks nothing and waits for nothing: an answer means that the process answers.
- `/ready` is 503 while anything fails that requests need: a check that raised, returned False or took too long, or a
  server that is about to stop. What exactly failed is told while developing; in production it is logged.
- Probes share their work: a check runs once at a time, and its verdict is kept for a moment, because these pages are
  open to everybody. A check that hangs is not started again.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Collection
from inspect import isawaitable
from pathlib import Path
from typing import TYPE_CHECKING

from spica.config.settings import HealthSection
from spica.http import json
from spica.http.response import Response
from spica.routing.location import Location
from spica.routing.route import Handler, Route, build_route

if TYPE_CHECKING:  # only applications that have a database load it
    from spica.db.engine import Database

Check = Callable[[], Awaitable[object] | object]

KEPT_S = 0.25
_OK = "ok"
_log = logging.getLogger("spica.health")
# Reading its list of tables touches the file of an SQLite database; `select 1` would not.
_PINGS = {"sqlite": "select count(*) from sqlite_master"}
# Not spica.migrations.files: that package brings SQLAlchemy into every server.
_VERSION = re.compile(r"([0-9]{14})_[a-z0-9_]+\.py")


class NotReady(Exception):
    """Raised by a check: not ready, and why, in a sentence for operators."""


class Health:
    """The health pages of one application.

    Args:    section: [health]; explains: whether the page tells why a check failed.
    """

    def __init__(self, section: HealthSection, *, explains: bool) -> None:
        self._section = section
        self._explains = explains
        self._checks: dict[str, _Checked] = {}
        self._leaving = False

    def add(self, name: str, check: Check) -> None:
        """Ask one more function; one of the same name is replaced."""
        self._checks[name] = _Checked(name, check)

    def watch_database(self, database: Database, root: Path | None) -> None:
        """Ask the database whether it answers, and whether it has every migration of the project."""

        async def ping() -> None:
            # The driver, not the database: the log of queries is for what the application asks.
            await database.driver.read(_PINGS.get(database.dialect, "select 1"), ())

        self.add("database", ping)
        migrations = root / "db" / "migrations" if root is not None else None
        if migrations is not None and migrations.is_dir():
            self.add("migrations", _Migrations(database, migrations).check)

    def routes(self) -> list[Route]:
        """The two pages; none where [health] switches them off."""
        if not self._section.enabled:
            return []
        where = Location(__file__, 1)
        shown: list[tuple[str, Handler]] = [
            (self._section.live, self.tell_live),
            (self._section.ready, self.tell_ready),
        ]
        return [
            build_route("GET", path, target, where, {"vital": True, "include_in_schema": False})
            for path, target in shown
        ]

    def enter(self) -> None:
        """The application starts: forget that another server left."""
        self._leaving = False

    def leave(self) -> None:
        """The server is about to stop: not ready from now on."""
        self._leaving = True

    def close(self) -> None:
        """Cancel the checks that still run."""
        for checked in self._checks.values():
            checked.cancel()

    def tell_live(self) -> Response:
        """`/health`."""
        return _answer(200, {"status": "alive"})

    async def tell_ready(self) -> Response:
        """`/ready`."""
        if self._leaving:
            return _answer(503, {"status": "stopping"})
        checked = list(self._checks.values())
        running = [run for one in checked if (run := one.ask()) is not None]
        if running:
            # Not wait_for: it would cancel what others wait for, and wait itself until that has ended.
            _, late = await asyncio.wait(running, timeout=self._section.timeout_s)
            for one in checked:
                one.give_up(late, self._section.timeout_s)
        if self._leaving:  # meanwhile
            return _answer(503, {"status": "stopping"})
        ready = all(one.verdict == _OK for one in checked)
        told = {one.name: one.verdict if self._explains or one.verdict == _OK else "failed" for one in checked}
        return _answer(200 if ready else 503, {"status": "ready" if ready else "unavailable", "checks": told})


class _Checked:
    """A check and what it said last. `verdict`: "ok", or why it failed."""

    __slots__ = ("_asked_at", "_check", "_running", "name", "verdict")

    def __init__(self, name: str, check: Check) -> None:
        self.name = name
        self.verdict = _OK
        self._check = check
        self._asked_at = float("-inf")
        self._running: asyncio.Task[str] | None = None

    def ask(self) -> asyncio.Task[str] | None:
        """Bring the verdict up to date. Returns the run to wait for, shared by all who ask; None while it is fresh."""
        if self._running is None:
            if time.monotonic() - self._asked_at < KEPT_S:
                return None
            self._running = asyncio.get_running_loop().create_task(self._run(), name=f"spica ready check {self.name}")
            self._running.add_done_callback(self._take)
        return self._running

    def give_up(self, late: Collection[asyncio.Task[str]], timeout_s: float) -> None:
        """Take no answer for one, where its run is among the late ones; it is told when it ends all the same."""
        if self._running in late:
            self._settle(f"no answer within {timeout_s:g} s")

    def cancel(self) -> None:
        if self._running is not None:
            self._running.cancel()

    async def _run(self) -> str:
        try:
            result = self._check()
            if isawaitable(result):
                result = await result
        except NotReady as error:
            return str(error)
        except Exception as error:  # whatever it is, requests would meet it too
            return f"{type(error).__name__}: {getattr(error, 'short', None) or error}"
        return "it returned False" if result is False else _OK

    def _take(self, running: asyncio.Task[str]) -> None:
        self._running = None
        if not running.cancelled():
            self._settle(running.result())
            self._asked_at = time.monotonic()

    def _settle(self, verdict: str) -> None:
        if verdict != self.verdict:  # each change once, however often is asked
            if verdict == _OK:
                _log.info("the check %r of /ready is fine again", self.name)
            else:
                _log.warning("the check %r of /ready failed: %s", self.name, verdict)
        self.verdict = verdict


class _Migrations:
    """Whether a database has every migration of a folder; once it has, it is not asked again."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._missing = {match[1] for path in folder.iterdir() if (match := _VERSION.fullmatch(path.name))}

    async def check(self) -> None:
        from spica.db.errors import TableMissing

        if not self._missing:
            return
        try:
            applied = await self._database.driver.read("select version from schema_migrations", ())
        except TableMissing:
            applied = []
        self._missing -= {row[0] for row in applied}
        if self._missing:
            raise NotReady(f"{len(self._missing)} to run: spica db migrate")


def _answer(status: int, told: dict[str, object]) -> Response:
    fields = [("Cache-Control", "no-store")]
    if status != 200:
        fields.append(("Retry-After", "1"))
    response = Response(json.encode(told), status, None, "application/json")
    for name, value in fields:
        response = response.with_header(name, value)
    return response
