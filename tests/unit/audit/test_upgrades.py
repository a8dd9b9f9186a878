"""Which version fixes, and what is typed for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica.audit.advisories import Advisory, Package
from spica.audit.upgrades import build_command, find_fix, find_target


def package(version: str, *fixes: tuple[str, ...]) -> Package:
    return Package("django", version, tuple(Advisory((f"CVE-{number}",), "", fix) for number, fix in enumerate(fixes)))


@pytest.mark.parametrize(
    ("version", "fixed_in", "fix"),
    [
        ("4.2.1", ["3.2.19", "4.1.9", "4.2.2", "5.0"], "4.2.2"),  # one advisory, fixed in every line
        ("4.2.9", ["4.2.10"], "4.2.10"),  # as versions, not as texts
        ("5.1", ["4.2.2"], ""),
        ("1.0", [], ""),
        ("1.0rc1", ["1.0"], "1.0"),
    ],
)
def test_the_least_fixed_version_above_the_installed_one(version: str, fixed_in: list[str], fix: str) -> None:
    assert find_fix(version, fixed_in) == fix


def test_one_version_fixes_all_advisories_that_are_fixed() -> None:
    assert find_target(package("4.2.1", ("4.2.10",), ("4.2.9", "5.0"), ())) == "4.2.10"
    assert find_target(package("4.2.1", ())) == ""


def test_the_command_stays_in_the_line_of_the_fix(tmp_path: Path) -> None:
    assert build_command(package("4.2.1", ("4.2.10",)), tmp_path) == "pip install 'django~=4.2.10'"
    assert build_command(package("4", ("5",)), tmp_path) == "pip install 'django>=5'"
    assert build_command(package("4", ()), tmp_path) == ""


@pytest.mark.parametrize(
    ("lock", "command"),
    [
        ("uv.lock", "uv sync --upgrade-package django"),
        ("poetry.lock", "poetry update django"),
        ("pdm.lock", "pdm update django"),
    ],
)
def test_a_lock_file_says_whose_words_to_type(lock: str, command: str, tmp_path: Path) -> None:
    (tmp_path / lock).touch()
    assert build_command(package("4.2.1", ("4.2.10",)), tmp_path) == command
