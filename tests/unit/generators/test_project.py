"""Names of migration files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from spica.generators.project import Project

NOW = datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    folder = tmp_path / "db/migrations"
    folder.mkdir(parents=True)
    return folder


def test_a_migration_is_named_after_its_second(tmp_path: Path, migrations: Path) -> None:
    assert Project(tmp_path, NOW).migration_path("create_posts") == "db/migrations/20261121235959_create_posts.py"


def test_a_second_run_finds_the_first_ones_file(tmp_path: Path, migrations: Path) -> None:
    (migrations / "20200101000000_create_posts.py").touch()
    assert Project(tmp_path, NOW).migration_path("create_posts") == "db/migrations/20200101000000_create_posts.py"


def test_a_new_one_sorts_after_those_that_are_there(tmp_path: Path, migrations: Path) -> None:
    (migrations / "20261121235959_create_posts.py").touch()
    assert Project(tmp_path, NOW).migration_path("create_tags") == "db/migrations/20261122000000_create_tags.py"
