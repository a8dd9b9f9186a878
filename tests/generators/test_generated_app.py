"""A generated application is formatted, holds no lint, migrates both ways, and passes its own tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.generators.store import generate_blog, generate_rest
from tests.processes import run_command


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one of everything that can be generated."""
    root = tmp_path_factory.mktemp("everything")
    generate_blog(root)
    generate_rest(root)
    return root


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize("command", ["format --check", "check"])
def test_it_is_as_the_formatter_and_the_linter_want_it(application: Path, command: str) -> None:
    done = python("-m", "ruff", *command.split(), "--no-cache", ".", cwd=application)
    assert done.returncode == 0, done.stdout


def test_its_own_tests_pass(application: Path) -> None:
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=application)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
    assert "warning" not in done.stdout


def test_its_migrations_go_both_ways(application: Path) -> None:
    run_command("db", "migrate", cwd=application)
    schema = (application / "db/schema.py").read_text()
    count = len(list((application / "db/migrations").glob("*.py")))
    undone = run_command("db", "rollback", str(count), cwd=application).stdout
    assert undone.count("undone") == count
    run_command("db", "migrate", cwd=application)
    assert (application / "db/schema.py").read_text() == schema


def test_its_routes_are_listed_as_data(application: Path) -> None:
    listed = run_command("routes", "--json", cwd=application).stdout
    assert '"target": "comments#destroy"' in listed


def test_middleware_is_used_where_the_application_says_so_and_taken_back_by_destroy(tmp_path: Path) -> None:
    generate_blog(tmp_path)
    made = run_command("g", "middleware", "require_login", cwd=tmp_path).stdout
    assert "app/middleware/require_login.py" in made
    assert "p.use(RequireLogin)" in made
    middleware = tmp_path / "app/middleware/require_login.py"
    middleware.write_text(
        middleware.read_text().replace("return None", "return ctx.text('who are you?', status=401)", 1)
    )
    config = tmp_path / "config/middleware.py"
    used = "p.use(m.RequestId, m.SecurityHeaders, RequireLogin)"
    text = config.read_text().replace("p.use(m.RequestId, m.SecurityHeaders)", used)
    config.write_text(text.replace("from spica", "from app.middleware.require_login import RequireLogin\nfrom spica"))
    code = (
        "import asyncio, sys; sys.path.insert(0, '.')\n"
        "from main import app\nfrom spica.testing import running_client\n"
        "async def ask():\n"
        "    async with running_client(app) as client:\n"
        "        (await client.get('/')).expect_status(401).expect_text('who are you?')\n"
        "asyncio.run(ask())"
    )
    done = python("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run_command("destroy", "middleware", "RequireLogin", "--force", cwd=tmp_path)
    assert not middleware.exists()
