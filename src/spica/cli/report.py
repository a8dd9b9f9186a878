"""What a generator did, as its user reads it: a word and a path for each file, a diff where one differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from spica.cli.terminal import paint
from spica.generators.apply import Outcome, Step, check_steps, decide, write_steps
from spica.generators.errors import CannotWrite
from spica.generators.plan import Plan

_COLOURS = {
    Outcome.CREATE: "green",
    Outcome.INSERT: "green",
    Outcome.IDENTICAL: "blue",
    Outcome.CONFLICT: "red",
    Outcome.FORCE: "yellow",
    Outcome.UPDATE: "green",
    Outcome.REMOVE: "red",
    Outcome.ABSENT: "blue",
}
_WIDTH = 10


def apply_and_report(
    plan: Plan, root: Path, *, force: bool, dry_run: bool, then: Callable[[], object] = lambda: None
) -> int:
    """Carry out a plan and print what happened.

    Args:    plan: what to do; root: the project; force: overwrite what differs, showing how; dry_run: only show;
             then: what is to be done with what was written, before the notes are printed.
    Returns: the exit code.
    Raises:  FilesDiffer when something would be overwritten and `force` is not set; CannotWrite when the disk refuses.
             Nothing is written then.
    """
    steps = decide(plan, root, force=force)
    if not dry_run:
        refused = any(step.outcome is Outcome.CONFLICT for step in steps)
        if refused:
            print_steps(step for step in steps if step.outcome is Outcome.CONFLICT)
        check_steps(steps)
        try:
            write_steps(steps, root)
        except OSError as error:
            reason = error.strerror or str(error)
            raise CannotWrite(f"can't write {error.filename or root}: {reason}; nothing was changed") from error
    print_steps(steps)
    if dry_run:
        return 0
    then()
    for note in plan.notes:
        print(f"\n{note}")
    return 0


def print_steps(steps: Iterable[Step]) -> None:
    """Print one line a file, and the unified diff of each that differs."""
    for step in steps:
        print(f"{paint(step.outcome.value.rjust(_WIDTH), _COLOURS[step.outcome])}  {step.path}")
        for line in step.diff.splitlines():
            colour = {"+": "green", "-": "red", "@": "blue"}.get(line[:1])
            print(f"    {paint(line, colour) if colour else line}")
