"""`spica check` as it is typed: exit codes, formats, a scaffolded application."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.processes import run_command


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("check")
    run_command("new", "shop", cwd=folder)
    run_command("g", "scaffold", "Post", "title:string", "body:text", cwd=folder / "shop")
    run_command("db", "migrate", cwd=folder / "shop")
    return folder / "shop"


@pytest.mark.xdist_group("check")
def test_a_scaffolded_application_has_no_findings(shop: Path) -> None:
    done = run_command("check", "--strict", cwd=shop)
    assert done.stdout == "nothing found\n"
    ready = run_command(
        "check", "--strict", "--env", "production", "--only", "config", cwd=shop, SPICA__APP__SECRET_KEY="k" * 40
    )
    assert ready.returncode == 0


@pytest.mark.xdist_group("check")
def test_exit_codes_tell_warnings_errors_and_mistakes_in_typing_apart(shop: Path) -> None:
    view = shop / "app" / "views" / "posts" / "note.html"
    try:
        view.write_text("{{ raw(note) }}\n")
        assert run_command("check", cwd=shop, check=False).returncode == 0
        assert run_command("check", "--strict", cwd=shop, check=False).returncode == 1
        view.write_text("{% if note %}\n")
        done = run_command("check", "--json", "--only", "templates", cwd=shop, check=False)
        assert done.returncode == 1
        report = json.loads(done.stdout)
        assert (report["errors"], report["warnings"]) == (1, 0)
        assert report["findings"][0]["file"] == "app/views/posts/note.html"
        assert report["findings"][0]["code"] == "SPICA-T004"
    finally:
        view.unlink()
    wrong = run_command("check", "--only", "template", cwd=shop, check=False)
    assert wrong.returncode == 2
    assert "did you mean templates?" in wrong.stderr


@pytest.mark.xdist_group("check")
def test_production_without_its_key_is_an_error_where_it_is_checked(shop: Path) -> None:
    done = run_command("check", "--env", "production", "--only", "config", cwd=shop, check=False)
    assert done.returncode == 1
    assert "config/app.toml:" in done.stdout
    assert "\x1b[" not in done.stdout
