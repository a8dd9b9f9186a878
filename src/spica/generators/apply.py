"""Carry out a plan: all of it, or none of it.

Rules of this file:
- Everything is decided before the first byte is written: `decide` compares the plan with the folder.
- A file that is there with another text is a conflict. One conflict refuses the whole plan, unless it is forced.
- When a write fails, what was written is taken back: new files and folders removed, replaced and removed ones restored.
- A folder that is empty when its last file was removed goes with it.
"""

from __future__ import annotations

import contextlib
import difflib
import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from spica.generators.errors import FilesDiffer
from spica.generators.plan import Action, Cut, Insert, Keep, Plan, Remove


class Outcome(Enum):
    """What happens to one file; the value is the word the user reads."""

    CREATE = "create"
    INSERT = "insert"
    IDENTICAL = "identical"
    CONFLICT = "conflict"
    FORCE = "force"
    UPDATE = "update"
    REMOVE = "remove"
    ABSENT = "absent"


_WRITTEN = (Outcome.CREATE, Outcome.INSERT, Outcome.FORCE, Outcome.UPDATE)


@dataclass(frozen=True)
class Step:
    """One file of a plan, compared with the folder. `diff` is the unified diff of a conflict, else ""; `is_removal`
    whether the plan was to remove it."""

    outcome: Outcome
    path: str
    text: str = ""
    diff: str = ""
    is_removal: bool = False


def decide(plan: Plan, root: Path, *, force: bool = False) -> list[Step]:
    """Compare a plan with a folder.

    Args:    plan: what to do; root: the project's folder, may be missing; force: overwrite what differs.
    Returns: one step an action, in order.
    Raises:  OSError when a file can't be read.
    """
    return [_decide_one(action, root, force) for action in plan.actions]


def check_steps(steps: list[Step]) -> None:
    """Refuse steps that hold a conflict.

    Raises:  FilesDiffer, naming every file that differs.
    """
    conflicts = [step for step in steps if step.outcome is Outcome.CONFLICT]
    if not conflicts:
        return
    files = "1 file differs" if len(conflicts) == 1 else f"{len(conflicts)} files differ"
    if any(step.is_removal for step in conflicts):
        what = f"{files} from what would be generated; nothing was removed"
        fix = "type the fields or names that it was made with, or --force: it removes changed files, too"
    else:
        what = f"{files} from what would be written; nothing was written"
        fix = "--force overwrites them and shows what changes; --dry-run only shows it"
    raise FilesDiffer(what, where="\n".join(step.path for step in conflicts), fix=fix)


def write_steps(steps: list[Step], root: Path) -> None:
    """Write every step that changes a file; on failure take all of them back.

    Args:    steps: decided and checked; root: made when it is missing.
    Raises:  OSError of the write that failed, after the folder is as it was.
    """
    with contextlib.ExitStack() as undo:
        for step in steps:
            if step.outcome in _WRITTEN:
                _write(root / step.path, step.text, undo)
            elif step.outcome is Outcome.REMOVE:
                _remove(root / step.path, root, undo)
        undo.pop_all()


def _decide_one(action: Action, root: Path, force: bool) -> Step:
    path = str(action.path)
    if isinstance(action, Keep):
        return Step(Outcome.IDENTICAL, path)
    if isinstance(action, Insert):
        return Step(Outcome.INSERT, path, action.text)
    if isinstance(action, Cut):
        return Step(Outcome.UPDATE, path, action.text)
    target = root / path
    if isinstance(action, Remove):
        return _decide_removal(action, target, force)
    if not target.exists():
        return Step(Outcome.CREATE, path, action.text)
    present = target.read_text(encoding="utf-8", errors="replace") if target.is_file() else ""
    if present == action.text and target.is_file():
        return Step(Outcome.IDENTICAL, path)
    outcome = Outcome.FORCE if force and target.is_file() else Outcome.CONFLICT
    return Step(outcome, path, action.text, _unified_diff(path, present, action.text))


def _decide_removal(action: Remove, target: Path, force: bool) -> Step:
    path = str(action.path)
    if not target.is_file():
        return Step(Outcome.ABSENT, path)
    present = target.read_text(encoding="utf-8", errors="replace")
    if present == action.text or force:
        return Step(Outcome.REMOVE, path, is_removal=True)
    return Step(Outcome.CONFLICT, path, diff=_unified_diff(path, present, action.text), is_removal=True)


def _unified_diff(path: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"{path} (yours)", f"{path} (generated)"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _write(target: Path, text: str, undo: contextlib.ExitStack) -> None:
    _make_folders(target.parent, undo)
    draft = target.with_name(f".{target.name}.new")
    undo.callback(draft.unlink, missing_ok=True)
    draft.write_text(text, encoding="utf-8", newline="\n")
    if target.exists():
        undo.callback(target.write_bytes, target.read_bytes())
        draft.chmod(target.stat().st_mode & 0o777)
    else:
        undo.callback(target.unlink, missing_ok=True)
    os.replace(draft, target)


def _remove(target: Path, root: Path, undo: contextlib.ExitStack) -> None:
    octets, mode = target.read_bytes(), target.stat().st_mode & 0o777
    target.unlink()
    undo.callback(_restore, target, octets, mode)
    for folder in target.parents:
        if folder == root or any(folder.iterdir()):
            return
        folder.rmdir()
        undo.callback(folder.mkdir)


def _restore(target: Path, octets: bytes, mode: int) -> None:
    target.write_bytes(octets)
    target.chmod(mode)


def _make_folders(folder: Path, undo: contextlib.ExitStack) -> None:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        new.mkdir()
        undo.callback(new.rmdir)
