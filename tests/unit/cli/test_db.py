"""`spica db` on a project with one migration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spica.cli.main import main
from tests.generators.store import copy_blog

VERSION = "20261121093000"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = copy_blog(tmp_path / "blog")
    monkeypatch.chdir(root)
    monkeypatch.delenv("SPICA_ENV", raising=False)
    return root


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_migrate_rollback_and_redo_tell_what_they_did(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "migrate"]) == 0
    assert f"  migrated  {VERSION}  create_posts" in said(capsys)
    assert main(["db", "migrate"]) == 0
    assert said(capsys) == "the database is up to date\n"
    assert main(["db", "redo"]) == 0
    assert [line.split()[0] for line in said(capsys).splitlines()] == ["undone", "written", "migrated", "written"]
    assert main(["db", "rollback"]) == 0
    assert f"    undone  {VERSION}  create_posts" in said(capsys)
    assert main(["db", "rollback"]) == 0
    assert said(capsys) == "there is nothing to undo\n"


def test_status_is_a_table_or_data_and_its_exit_code_says_whether_all_is_done(project: Path, capsys) -> None:
    assert main(["db", "status"]) == 1
    assert said(capsys) == f"      down  {VERSION}  create_posts\n"
    main(["db", "migrate"])
    said(capsys)
    assert main(["db", "status", "--json"]) == 0
    row = {"version": VERSION, "name": "create_posts", "applied": True, "missing": False, "interrupted": ""}
    assert json.loads(said(capsys)) == [row]


def test_seed_runs_with_the_models_at_hand(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "db/seeds.py").write_text(
        "from pathlib import Path\n\n\n"
        "async def seed():\n"
        "    from spica.db import engine\n\n"
        "    await engine.current().execute("
        "\"insert into posts (title, body, published, created_at, updated_at) values ('a', 'b', 0, 0, 0)\")\n"
        "    rows = await engine.current().query('select title from posts')\n"
        "    Path('seeded').write_text(rows[0]['title'])\n"
    )
    assert main(["db", "reset"]) == 0
    assert (project / "seeded").read_text() == "a"
    assert said(capsys).endswith("seeded from db/seeds.py\n")


def test_dump_and_load_make_the_same_tables(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["db", "migrate"])
    schema = (project / "db/schema.py").read_text()
    (project / "db/schema.py").unlink()
    capsys.readouterr()
    assert main(["db", "dump"]) == 0
    assert said(capsys) == "   written  db/schema.py\n"
    assert (project / "db/schema.py").read_text() == schema
    assert main(["db", "drop"]) == 0
    assert main(["db", "load"]) == 0
    assert main(["db", "status"]) == 0


def test_drop_of_nothing_says_so(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "drop"]) == 0
    assert said(capsys) == "there is no database at sqlite://./db/development.sqlite3\n"


def test_production_is_dropped_only_when_meant(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPICA__APP__SECRET_KEY", "k" * 48)
    assert main(["db", "migrate", "--env", "production"]) == 0
    assert main(["db", "drop", "--env", "production"]) == 1
    assert (project / "db/production.sqlite3").exists()
    assert main(["db", "drop", "--env", "production", "--yes"]) == 0
    assert not (project / "db/production.sqlite3").exists()


@pytest.mark.parametrize("steps", ["0", "-1"])
def test_steps_start_at_one(project: Path, steps: str) -> None:
    assert main(["db", "rollback", "--", steps]) == 2


def test_create_says_whether_it_made_one(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "create"]) == 0
    assert said(capsys) == "   created  sqlite://./db/development.sqlite3\n"
    assert main(["db", "create"]) == 0
    assert said(capsys) == "sqlite://./db/development.sqlite3 is there already\n"


def test_sql_prints_a_script(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "sql"]) == 0
    text = said(capsys)
    assert text.startswith(f"-- {VERSION} create_posts\nBEGIN;\nCREATE TABLE posts (")
    assert text.endswith(f"INSERT INTO schema_migrations (version) VALUES ('{VERSION}');\nCOMMIT;\n\n")
    main(["db", "migrate"])
    said(capsys)
    main(["db", "sql"])
    assert said(capsys) == "-- the database is up to date\n"


def test_verify_is_a_table_or_data_and_fails_for_what_can_not_be_undone(project: Path, capsys) -> None:
    assert main(["db", "verify"]) == 0
    assert said(capsys) == f"reversible  {VERSION}  create_posts\n"
    (project / "db/migrations/20261122000000_lose.py").write_text(
        "from spica.migrations import Migration\n\n\nclass Lose(Migration):\n"
        '    def change(self, m):\n        m.drop_table("posts")\n'
    )
    assert main(["db", "verify", "--json"]) == 1
    assert [row["result"] for row in json.loads(said(capsys))] == ["reversible", "failed"]
