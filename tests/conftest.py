"""What several folders of tests share: one generated blog."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.processes import run_command

# A busy machine is no reason for a test to fail.
hypothesis.settings.register_profile("spica", deadline=None)
hypothesis.settings.load_profile("spica")

SCAFFOLD = ("generate", "scaffold", "Post", "title:string", "body:text", "published:boolean")


@pytest.fixture(scope="session")
def generated_blog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`spica new blog`, the scaffold of the README, and its migration: made once, never changed."""
    folder = tmp_path_factory.mktemp("generated")
    run_command("new", "blog", cwd=folder)
    run_command(*SCAFFOLD, cwd=folder / "blog")
    run_command("db", "migrate", cwd=folder / "blog")
    return folder / "blog"


@pytest.fixture
def blog(generated_blog: Path, tmp_path: Path) -> Path:
    """A copy of the blog for one test."""
    return shutil.copytree(generated_blog, tmp_path / "blog")


@pytest.fixture(autouse=True)
def _own_path() -> Iterator[None]:
    """Take back what a test puts on the import path: the package `app` of one project would stand for another's."""
    before = list(sys.path)
    yield
    sys.path[:] = before
