"""Writes: one thread and one connection a file, because SQLite has one writer at a time anyway.

States of the thread: waiting for a job, running a batch of single writes, serving one transaction.

Rules of this file:
- First in, first out. A transaction has the thread from BEGIN to its end; everyone else waits in the queue.
- Single writes that wait together share one commit (group commit); each has its savepoint, so one that fails takes
  nothing with it. No future is resolved before its commit is done.
- A job that was cancelled before its turn is not run. The end of a transaction always is.
- Of an event loop nothing is touched but `call_soon_threadsafe`: one database serves several loops (tests do that).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from spica.db.drivers.sqlite.connection import STATEMENT_PROBLEMS, roll_back, transaction_over
from spica.db.drivers.sqlite.failures import build_failure
from spica.db.drivers.sqlite.jobs import Job, SessionJob
from spica.db.errors import DatabaseClosed, DatabaseError

MAX_BATCH = 64


class Outcome(NamedTuple):
    """What came of a job: a result, or the problem."""

    job: Job
    result: Any = None
    problem: DatabaseError | None = None


class Writer:
    """The thread that writes. It starts with the first job."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], path: str) -> None:
        self._connect = connect
        self._path = path
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._held: list[Job | None] = []  # taken from the queue, but not for the batch that took it
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._submitted = 0
        self._finished = 0

    def submit(self, job: Job) -> None:
        """Queue a job. Raises DatabaseClosed after `close`."""
        with self._lock:
            if self._closed:
                raise DatabaseClosed(f"the database {self._path} was closed", fix="open it again: db.configure(...)")
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name=f"spica-writer {self._path}", daemon=True)
                self._thread.start()
            self._submitted += 1
            self._jobs.put(job)

    def is_idle(self) -> bool:
        """Whether no job is queued or under way."""
        return self._submitted == self._finished

    def close(self) -> None:
        """Finish what is queued, close the connection and end the thread."""
        with self._lock:
            self._closed = True
            if self._thread is not None:
                self._jobs.put(None)
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        connection: sqlite3.Connection | None = None
        while (job := self._next()) is not None:
            if connection is None:
                try:
                    connection = self._connect()
                except DatabaseError as problem:
                    self._finish([Outcome(job, problem=problem)])
                    continue
            if isinstance(job, SessionJob):
                self._serve_session(connection, job)
            else:
                self._finish(self._run_batch(connection, [job, *self._others_like(job)]))
        if connection is not None:
            connection.close()

    def _next(self) -> Job | None:
        return self._held.pop() if self._held else self._jobs.get()

    def _others_like(self, first: Job) -> list[Job]:
        """Take the writes that already wait behind `first` and may share its commit."""
        others: list[Job] = []
        while first.shares_commit and len(others) < MAX_BATCH - 1:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if job is None or isinstance(job, SessionJob) or not job.shares_commit:
                self._held.append(job)
                break
            others.append(job)
        return others

    def _finish(self, outcomes: list[Outcome]) -> None:
        self._finished += len(outcomes)  # before anyone is told: then the next read in memory is inline again
        for job, result, problem in outcomes:
            job.tell(result, problem)

    # -- single writes ------------------------------------------------------------------------------------------------

    def _run_batch(self, connection: sqlite3.Connection, jobs: list[Job]) -> list[Outcome]:
        abandoned = [Outcome(job) for job in jobs if job.abandoned]
        wanted = [job for job in jobs if not job.abandoned]
        if len(wanted) < 2:
            return abandoned + [self._attempt(connection, job) for job in wanted]
        try:
            outcomes = self._run_together(connection, wanted)
        except sqlite3.Error as problem:  # BEGIN or COMMIT failed: nothing of the batch happened
            roll_back(connection)
            outcomes = [Outcome(job, problem=self._failure(problem, job)) for job in wanted]
        return abandoned + outcomes

    def _run_together(self, connection: sqlite3.Connection, jobs: list[Job]) -> list[Outcome]:
        connection.execute("BEGIN IMMEDIATE")
        outcomes: list[Outcome] = []
        for job in jobs:
            connection.execute("SAVEPOINT one_write")
            outcome = self._attempt(connection, job)
            if not connection.in_transaction:  # a full disk undoes the whole batch: give each a commit of its own
                return [self._attempt(connection, job) for job in jobs]
            if outcome.problem is not None:
                connection.execute("ROLLBACK TO one_write")
            connection.execute("RELEASE one_write")
            outcomes.append(outcome)
        connection.execute("COMMIT")
        return outcomes

    # -- transactions -------------------------------------------------------------------------------------------------

    def _serve_session(self, connection: sqlite3.Connection, session: SessionJob) -> None:
        begun = Outcome(session) if session.abandoned else self._attempt(connection, session)
        if not connection.in_transaction:
            self._finish([begun])
            return
        session.tell()
        while True:
            job = session.jobs.get()
            if job.last:
                break
            if not job.abandoned:
                job.tell(*self._attempt_inside(connection, job)[1:])
        outcome = self._attempt(connection, job)
        roll_back(connection)  # nothing to do unless COMMIT failed
        if session.read_only:
            connection.execute("PRAGMA query_only = OFF")
        self._finished += 1
        job.tell(outcome.result, outcome.problem)

    def _attempt_inside(self, connection: sqlite3.Connection, job: Job) -> Outcome:
        if connection.in_transaction:
            return self._attempt(connection, job)
        return Outcome(job, problem=transaction_over(job.sql))

    def _attempt(self, connection: sqlite3.Connection, job: Job) -> Outcome:
        try:
            return Outcome(job, job.work(connection))
        except DatabaseError as problem:
            return Outcome(job, problem=problem)
        except STATEMENT_PROBLEMS as problem:
            return Outcome(job, problem=self._failure(problem, job))

    def _failure(self, problem: Exception, job: Job) -> DatabaseError:
        failure = build_failure(problem, job.sql, self._path)
        failure.__cause__ = problem
        return failure
