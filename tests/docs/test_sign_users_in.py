"""docs/how-to/sign-users-in.md, followed word by word: its commands run, its files are written, its tests pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import follow, run_tests
from tests.processes import run_command

PAGE = Path(__file__).parents[2] / "docs/how-to/sign-users-in.md"


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project at the end of the page, before its tests run."""
    return follow(PAGE, tmp_path_factory.mktemp("club"), without=["test"])


def test_its_tests_pass(club: Path) -> None:
    run_tests(club)


def test_check_finds_nothing(club: Path) -> None:
    run_command("check", "--strict", cwd=club)
