"""Plans are carried out wholly or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spica.generators.apply import Outcome, check_steps, decide, write_steps
from spica.generators.errors import FilesDiffer
from spica.generators.plan import Plan


def plan_of(**files: str) -> Plan:
    plan = Plan()
    for name, text in files.items():
        plan.create(name.replace("__", "/") + ".txt", text)
    return plan


def carry_out(plan: Plan, root: Path, *, force: bool = False) -> list[Outcome]:
    steps = decide(plan, root, force=force)
    check_steps(steps)
    write_steps(steps, root)
    return [step.outcome for step in steps]


def tree(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    plan = plan_of(a="1\n", deep__er__b="2\n")
    assert carry_out(plan, tmp_path) == [Outcome.CREATE, Outcome.CREATE]
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert carry_out(plan, tmp_path) == [Outcome.IDENTICAL, Outcome.IDENTICAL]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_one_conflict_refuses_the_whole_plan(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("mine\n")
    with pytest.raises(FilesDiffer) as caught:
        carry_out(plan_of(a="1\n", b="2\n"), tmp_path)
    assert caught.value.where == "b.txt"
    assert tree(tmp_path) == {"b.txt": "mine\n"}


def test_force_overwrites_and_keeps_the_difference_and_the_mode(tmp_path: Path) -> None:
    mine = tmp_path / "b.txt"
    mine.write_text("mine\n")
    mine.chmod(0o600)
    steps = decide(plan_of(b="2\n"), tmp_path, force=True)
    write_steps(steps, tmp_path)
    assert mine.read_text() == "2\n"
    assert mine.stat().st_mode & 0o777 == 0o600
    assert steps[0].diff.splitlines()[-2:] == ["-mine", "+2"]


def test_a_folder_in_the_way_is_a_conflict_even_when_forced(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(FilesDiffer):
        carry_out(plan_of(a="1\n"), tmp_path, force=True)


def test_a_write_that_fails_takes_the_others_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old.txt").write_text("mine\n")
    replace = os.replace

    def fail_at_last(source: Path, target: Path) -> None:
        if target.name == "last.txt":
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_at_last)
    with pytest.raises(OSError, match="No space left"):
        carry_out(plan_of(old="generated\n", deep__new="1\n", last="2\n"), tmp_path, force=True)
    assert tree(tmp_path) == {"old.txt": "mine\n"}
    assert not (tmp_path / "deep").exists()


def test_no_draft_is_left_behind(tmp_path: Path) -> None:
    carry_out(plan_of(a="1\n"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_plan_is_taken_back(tmp_path: Path) -> None:
    plan = plan_of(a="1\n", deep__er__b="2\n")
    carry_out(plan, tmp_path)
    (tmp_path / "deep/mine.txt").write_text("mine\n")
    assert carry_out(plan.undone(), tmp_path) == [Outcome.REMOVE, Outcome.REMOVE]
    assert tree(tmp_path) == {"deep/mine.txt": "mine\n"}
    assert not (tmp_path / "deep/er").exists()
    assert carry_out(plan.undone(), tmp_path) == [Outcome.ABSENT, Outcome.ABSENT]


def test_a_removal_that_fails_restores_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(deep__a="1\n", last="2\n")
    carry_out(plan, tmp_path)
    (tmp_path / "deep/a.txt").chmod(0o600)
    unlink = Path.unlink

    def fail_at_last(path: Path, missing_ok: bool = False) -> None:
        if path.name == "last.txt":
            raise PermissionError(13, "Permission denied")
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", fail_at_last)
    with pytest.raises(PermissionError):
        carry_out(plan.undone(), tmp_path)
    assert tree(tmp_path) == {"deep/a.txt": "1\n", "last.txt": "2\n"}
    assert (tmp_path / "deep/a.txt").stat().st_mode & 0o777 == 0o600
