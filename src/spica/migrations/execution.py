"""Execution: one migration carried out on one connection, in one transaction or stage by stage.

Rules of this file:
- A migration of one stage and its row in `schema_migrations` are one transaction: it happened wholly or not at all,
  also after `kill -9`.
- Of one with several stages each is written down before and after it, in `schema_migration_steps`. A run that comes
  later goes on there; it refuses when what was done is not what the file says now.
- A lock that is not free is waited for a bounded time and number of times, with nothing of the stage done meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from typing import Literal

import sqlalchemy as sa

from spica.db.errors import DatabaseBusy, DatabaseError, TransactionConflict
from spica.migrations.backend import Backend
from spica.migrations.errors import InterruptedMigration, MigrationError, MigrationFailed
from spica.migrations.events import Event
from spica.migrations.history import add_versions, create_history, list_applied, remove_version
from spica.migrations.operations import Operation, TableOperation
from spica.migrations.stages import Stage
from spica.migrations.steps import (
    Step,
    clear_steps,
    create_steps,
    list_steps,
    mark_step,
    remove_step,
    write_step,
)

Direction = Literal["up", "down"]
Interrupted = Literal["again", "done"]
LOAD = "load"  # what stands for a version while db/schema.py is loaded


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a statement waits for a lock, and how often it is tried before a migration gives up."""

    lock_timeout_s: float = 5.0
    attempts: int = 10
    pause_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Work:
    """A migration to carry out: its version, name, file and operations."""

    version: str
    name: str
    file_name: str
    direction: Direction
    operations: Sequence[Operation]


class Execution:
    """Carries migrations out on one connection of a backend.

    Args:    tell: called with what happens; patience: with locks; interrupted: what a statement that a killed run left
             open is taken for, None to refuse.
    """

    def __init__(
        self,
        backend: Backend,
        connection: sa.Connection,
        tell: Callable[[Event], None],
        patience: Patience = Patience(),
        interrupted: Interrupted | None = None,
    ) -> None:
        self._backend = backend
        self._connection = connection
        self._tell = tell
        self._patience = patience
        self._interrupted = interrupted

    def run(self, work: Work) -> bool:
        """Carry a migration out, unless it is. Returns whether this call did.

        Raises:  MigrationFailed, BadOperation, InterruptedMigration; DatabaseBusy when locks don't become free.
        """
        if (work.version in list_applied(self._connection)) == (work.direction == "up"):
            return False
        started = time.monotonic()
        stages = self._backend.divide(work.operations)
        if len(stages) == 1 and stages[0].in_transaction:
            if not self._run_whole(work, stages[0]):
                return False
        else:
            self._run_stages(work, stages)
        self._tell(Event("finished", work.version, work.name, work.direction, time.monotonic() - started))
        return True

    def load(self, operations: Sequence[Operation], file_name: str, versions: Iterable[str]) -> None:
        """Make the tables of a dump, and write down the versions that it has."""
        work = Work(LOAD, "", file_name, "up", operations)
        stages = self._backend.divide(operations)
        if len(stages) == 1 and stages[0].in_transaction:
            with self._transaction():
                self._carry_out(work, stages, 1)
                add_versions(self._connection, versions)
        else:
            self._run_stages(work, stages, versions)

    def take_back(self, work: Work, steps: Sequence[Step]) -> None:
        """Undo what an interrupted run did of a migration, the latest stage first.

        Args:    work: the migration in the direction that was interrupted; steps: of it. A stage that was begun is
                 undone as far as it is there.
        Raises:  IrreversibleMigration before anything is undone.
        """
        stages = self._backend.divide(work.operations)
        self._check_same(work, stages, steps)
        started = time.monotonic()
        undone = {
            step.number: [operation.inverse() for operation in reversed(stages[step.number - 1].operations)]
            for step in steps
        }
        for step in reversed(steps):
            if self._must_undo(work, stages, step):
                mark_step(self._connection, step, done=False)
                for stage in self._backend.divide(undone[step.number]):
                    self._run_stage(work, [stage], 1, lambda: None, resuming=True)
            remove_step(self._connection, step)
            self._tell(Event("step", work.version, work.name, "down", text=f"undone: {step.operation.splitlines()[0]}"))
        self._tell(Event("finished", work.version, work.name, "down", time.monotonic() - started))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _run_whole(self, work: Work, stage: Stage) -> bool:
        """Run a migration of one stage, unless somebody else did. Returns whether it was run."""
        told = False

        def once(again: bool) -> bool:
            nonlocal told
            with self._transaction():
                if (work.version in list_applied(self._connection)) == (work.direction == "up"):
                    return False
                if not told:
                    told = True
                    self._tell(Event("started", work.version, work.name, work.direction))
                self._carry_out(work, [stage], 1)
                self._write_history(work)
            return True

        return self._patiently(work, once)

    def _run_stages(self, work: Work, stages: Sequence[Stage], versions: Iterable[str] | None = None) -> None:
        create_history(self._connection)
        create_steps(self._connection)
        steps = [step for step in list_steps(self._connection) if step.version == work.version]
        self._check_same(work, stages, steps)
        known = {step.number: step for step in steps}
        self._tell(
            Event(
                "resumed" if steps else "started",
                work.version,
                work.name,
                work.direction,
                text=_describe_steps(steps, stages) if steps else "",
            )
        )
        for number, stage in enumerate(stages, 1):
            step = Step(work.version, number, len(stages), work.direction, stage.text, done=True)
            before = known.get(number)
            if before is not None and before.done:
                continue
            self._run_step(work, stages, step, before)
            self._tell(
                Event("step", work.version, work.name, work.direction, text=f"{number} of {len(stages)}: {stage.text}")
            )
        with self._transaction():
            if versions is None:
                self._write_history(work)
            else:
                add_versions(self._connection, versions)
            clear_steps(self._connection, work.version)

    def _run_step(self, work: Work, stages: Sequence[Stage], step: Step, before: Step | None) -> None:
        """Run one stage and write it down; `before` is what an earlier run wrote of it."""
        stage = stages[step.number - 1]
        resuming = before is not None and before.operation == step.operation
        if not stage.in_transaction:
            if not resuming:
                write_step(self._connection, replace(step, done=False))
            elif stage.is_unknown:
                if self._interrupted is None:
                    raise _unknown(work, stages, step)
                if self._interrupted == "done":
                    mark_step(self._connection, step, done=True)
                    return

        def write_down() -> None:
            if stage.in_transaction:
                write_step(self._connection, step)
            else:  # in one statement: killed between two, the stage would be taken for one that never began
                mark_step(self._connection, step, done=True)

        try:
            self._run_stage(work, stages, step.number, write_down, resuming=resuming)
        except MigrationError:
            if not stage.in_transaction:  # it was refused, so that it is known not to have happened
                with suppress(sa.exc.SQLAlchemyError):  # the connection is lost, and with it what happened is unknown
                    remove_step(self._connection, step)
            raise

    def _run_stage(
        self, work: Work, stages: Sequence[Stage], number: int, write_down: Callable[[], None], *, resuming: bool
    ) -> None:
        """Run one stage and write it down, in its transaction where it has one."""

        def once(again: bool) -> None:
            if stages[number - 1].in_transaction:
                with self._transaction():
                    self._carry_out(work, stages, number, resuming=resuming)
                    write_down()
            else:
                with self._backend.without_transaction(self._connection, self._patience.lock_timeout_s):
                    self._carry_out(work, stages, number, resuming=resuming or again)
                write_down()

        self._patiently(work, once)

    def _must_undo(self, work: Work, stages: Sequence[Stage], step: Step) -> bool:
        """Whether a step may have happened. Raises InterruptedMigration where somebody has to say it."""
        if step.done or not stages[step.number - 1].is_unknown:
            return True
        if self._interrupted is None:
            raise _unknown(work, stages, step)
        return self._interrupted == "done"

    def _carry_out(self, work: Work, stages: Sequence[Stage], number: int, *, resuming: bool = False) -> None:
        executor = self._backend.build_executor(self._connection)
        for operation in stages[number - 1].operations:
            try:
                executor.run(operation, resuming=resuming)
            except sa.exc.SQLAlchemyError as problem:
                failure = self._backend.build_failure(problem)
                if isinstance(failure, DatabaseBusy | TransactionConflict):
                    raise _Blocked(failure, operation) from problem
                raise self._failed(failure, work, operation, stages, number) from problem

    def _patiently(self, work: Work, once: Callable[[bool], bool | None]) -> bool:
        """Try a stage until its locks are had. Returns what `once` does, False for None."""
        attempts = self._patience.attempts
        for attempt in range(1, attempts + 1):
            try:
                return bool(once(attempt > 1))
            except _Blocked as blocked:
                table = blocked.operation.table if isinstance(blocked.operation, TableOperation) else ""
                who = self._backend.describe_blockers(self._connection, table) if table else ""
                by = f" is in use by {who}" if who else " is in use"
                if attempt == attempts:
                    raise _gave_up(blocked, work, f"{table}{by}" if table else "", self._patience) from blocked
                text = f"{table or work.name}{by}: attempt {attempt + 1} of {attempts} follows"
                self._tell(Event("retrying", work.version, work.name, work.direction, text=text))
                time.sleep(self._patience.pause_s)
        raise AssertionError("a number of attempts is at least 1")

    def _transaction(self) -> AbstractContextManager[None]:
        return self._backend.transaction(
            self._connection,
            lambda who: self._tell(Event("waiting", text=who)),
            self._patience.lock_timeout_s,
        )

    def _write_history(self, work: Work) -> None:
        if work.direction == "up":
            add_versions(self._connection, [work.version])
        else:
            remove_version(self._connection, work.version)

    def _check_same(self, work: Work, stages: Sequence[Stage], steps: Sequence[Step]) -> None:
        """Raise InterruptedMigration when what was done of a migration is not what it says now."""
        for step in steps:
            if step.direction != work.direction:
                raise wrong_direction(step)
            now = stages[step.number - 1].text if step.number <= len(stages) else ""
            if step.done and now != step.operation:
                raise InterruptedMigration(
                    f"{work.file_name} was changed in a step that is done",
                    why=f"step {step.number} was\n{step.operation}\nand is now\n{now or 'gone'}",
                    fix="write it as it was, and put what is new after it; or undo what is done: spica db rollback",
                )

    def _failed(
        self, failure: DatabaseError, work: Work, operation: Operation, stages: Sequence[Stage], number: int
    ) -> MigrationFailed:
        kept = "nothing of this migration was kept"
        if len(stages) > 1 or not stages[0].in_transaction:
            kept = f"{_describe_progress(stages, number)}\nthe next run goes on with step {number}"
        return MigrationFailed(
            f"{work.file_name} failed: {failure.what}",
            where=operation.where,
            why=failure.why or f"the statement was: {failure.where}",
            fix=f"correct it and run spica db migrate again; {kept}",
        )


def wrong_direction(step: Step) -> InterruptedMigration:
    """Build the error for a migration that was interrupted on its other way."""
    return InterruptedMigration(
        f"the migration {step.version} is on its way {step.direction}",
        why=f"a run was interrupted, of {step.total} steps in\n{step.operation}",
        fix=f"finish that first: spica db {'rollback' if step.direction == 'down' else 'migrate'}",
    )


class _Blocked(Exception):
    """A lock was not had in time, or a deadlock was resolved against us: the stage may be tried again."""

    def __init__(self, failure: DatabaseError, operation: Operation) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.operation = operation


def _gave_up(blocked: _Blocked, work: Work, who: str, patience: Patience) -> MigrationFailed:
    return MigrationFailed(
        f"{work.file_name} failed: {blocked.failure.what}",
        where=blocked.operation.where,
        why=who or blocked.failure.why,
        fix=f"it was tried {patience.attempts} times for {patience.lock_timeout_s:g} s each; end what uses the table, "
        "or give it more time: spica db migrate --lock-timeout 30",
    )


def _unknown(work: Work, stages: Sequence[Stage], step: Step) -> InterruptedMigration:
    return InterruptedMigration(
        f"{work.file_name} was interrupted in step {step.number} of {step.total}",
        where=stages[step.number - 1].operations[0].where,
        why=f"nobody can see whether this statement happened:\n{step.operation}",
        fix="look, and say it: spica db migrate --interrupted done, or --interrupted again",
    )


def _describe_steps(steps: Sequence[Step], stages: Sequence[Stage]) -> str:
    done = sum(step.done for step in steps)
    following = stages[done].title if done < len(stages) else "writing it down"
    return f"{done} of {len(stages)} steps are done; next: {following}"


def _describe_progress(stages: Sequence[Stage], number: int) -> str:
    lines = []
    for other, stage in enumerate(stages, 1):
        word = "done" if other < number else "failed" if other == number else "to come"
        lines.append(f"{word:>8}  {other}. {stage.title}")
    return "\n".join(["its steps:", *lines])
