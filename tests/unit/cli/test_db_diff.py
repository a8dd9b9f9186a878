"""`spica db diff` on a project: what differs, the migration for it, and renamings that nobody guesses."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from spica.cli.main import main
from tests.generators.store import copy_blog

HEAD = "from spica.orm import Model, Text, Timestamps, belongs_to, field\n\n\n"
SAME = "class Post(Model, Timestamps):\n    title: str\n    body: Text\n    published: bool = False\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    root = copy_blog(tmp_path / "blog")
    monkeypatch.chdir(root)
    monkeypatch.delenv("SPICA_ENV", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert main(["db", "migrate"]) == 0
    forget()
    yield root
    forget()


def forget() -> None:
    for name in [name for name in sys.modules if name == "app" or name.startswith("app.")]:
        del sys.modules[name]


def declare(project: Path, text: str) -> None:
    forget()
    (project / "app/models/post.py").write_text(HEAD + text)


def newest(project: Path) -> str:
    return sorted((project / "db/migrations").glob("*.py"))[-1].read_text().partition("def change(self, m):\n")[2]


def test_nothing_to_do_says_so(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["db", "diff"]) == 0
    assert capsys.readouterr().out == "the database has what the models say\n"
    assert main(["db", "diff", "--check"]) == 0


def test_what_the_models_say_becomes_a_migration_that_leaves_nothing_to_do(project: Path) -> None:
    declare(
        project,
        "class User(Model):\n    email: str = field(max=80, unique=True)\n\n\n"
        "class Post(Model, Timestamps):\n    title: str = field(index=True)\n    body: Text | None\n"
        "    published: bool = True\n    views: int = 0\n    author: User | None = belongs_to()\n",
    )
    assert main(["db", "diff", "--check"]) == 1
    assert main(["db", "diff"]) == 0
    assert [line.strip() for line in newest(project).splitlines()] == [
        'm.change_null("posts", "body", True)',
        'm.change_default("posts", "published", True, was=False)',
        'm.add_column("posts", "views", "integer", null=False, default=0)',
        'm.add_column("posts", "author_id", "integer")',
        'with m.create_table("users") as t:',
        't.string("email", limit=80, null=False)',
        'm.add_index("posts", ["author_id"])',
        'm.add_index("posts", ["title"])',
        'm.add_foreign_key("posts", "author_id", "users")',
        'm.add_index("users", ["email"], unique=True)',
    ]
    assert main(["db", "migrate"]) == 0
    forget()
    assert main(["db", "diff", "--check"]) == 0
    assert main(["db", "verify"]) == 0


def test_a_column_that_no_model_names_is_removed_with_its_type(project: Path) -> None:
    declare(project, SAME.replace("    published: bool = False\n", ""))
    assert main(["db", "diff", "DropPublished"]) == 0
    assert newest(project).strip() == 'm.remove_column("posts", "published", "boolean", null=False, default=False)'


def test_a_changed_type_says_what_it_was(project: Path) -> None:
    declare(project, SAME.replace("title: str", "title: int"))
    assert main(["db", "diff"]) == 0
    assert newest(project).strip() == (
        'm.change_column("posts", "title", "integer", null=False, was={"type": "string", "null": False})'
    )


def test_a_renaming_is_given_or_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    declare(project, SAME.replace("published", "visible"))
    assert main(["db", "diff"]) == 2
    assert "--rename posts.published:visible" in capsys.readouterr().err
    assert main(["db", "diff", "--rename", "posts.published:visible"]) == 0
    assert newest(project).strip() == 'm.rename_column("posts", "published", "visible")'


def test_no_renames_drops_and_adds(project: Path) -> None:
    declare(project, SAME.replace("published", "visible"))
    assert main(["db", "diff", "--no-renames"]) == 0
    assert [line.split("(")[0].strip() for line in newest(project).splitlines()] == ["m.remove_column", "m.add_column"]


@pytest.mark.parametrize(("answer", "method"), [("y", "m.rename_column"), ("", "m.remove_column")])
def test_a_terminal_is_asked(project: Path, monkeypatch: pytest.MonkeyPatch, answer: str, method: str) -> None:
    declare(project, SAME.replace("published", "visible"))
    asked: list[str] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or answer)
    assert main(["db", "diff"]) == 0
    assert asked == ["is posts.visible the column posts.published, renamed? [y/N] "]
    assert newest(project).split("(")[0].strip() == method


@pytest.mark.parametrize(("text", "code"), [("posts", 2), ("posts.nothing:visible", 1)])
def test_a_renaming_that_makes_no_sense_is_refused(project: Path, text: str, code: int) -> None:
    assert main(["db", "diff", "--rename", text]) == code


def test_migrations_that_wait_come_first(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["db", "rollback"])
    assert main(["db", "diff"]) == 1
    assert "spica db migrate" in capsys.readouterr().err
