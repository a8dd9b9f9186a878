"""Bad input to the commands that write files: one sentence, the right exit code, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.generators.store import STORED, copy_blog, read_tree
from tests.processes import run_command


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_blog(tmp_path / "blog")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["genrate", "model", "Tag"], 'unknown command "genrate"; did you mean generate?'),
        (["g", "scafold", "Tag"], 'unknown spica generate command "scafold"; did you mean scaffold?'),
        (["g", "scaffold", "Tag", "name:strng"], 'unknown field type "strng" in name:strng; did you mean string?'),
        (
            ["g", "model", "Tag", "name:string:uniqe"],
            'unknown modifier "uniqe" in name:string:uniqe; did you mean unique?',
        ),
        (["g", "model", "Tag", "secret:password:unique"], "a password is neither unique nor looked up"),
        (["g", "model", "Tag", "secret:password:default=x"], "a password takes no default on the command line"),
        (["g", "model", "Tag", "--forse"], "spica g model has no option --forse; did you mean --force?"),
        (["g", "model"], "spica g model needs NAME: see spica g model --help"),
        (["g", "model", "class"], '"class" cannot name a resource'),
        (["g", "model", "Tag", "owner:references"], "owner refers to a model that is not there: Owner"),
        (["db", "rollback", "many"], 'STEPS must be a whole number, not "many"'),
        (["db", "migrat"], 'unknown spica db command "migrat"; did you mean migrate?'),
    ],
)
def test_a_mistyped_command_writes_nothing(project: Path, arguments: list[str], sentence: str) -> None:
    before = read_tree(project)
    done = run_command(*arguments, cwd=project, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].partition("  ")[2] == sentence
    assert done.stdout == ""
    assert read_tree(project) == before


def test_a_folder_that_holds_files_is_refused(project: Path) -> None:
    before = read_tree(project)
    done = run_command("new", "blog", cwd=project.parent, check=False)
    assert done.returncode == 1
    assert f"{project} is not empty; nothing was written" in done.stderr
    assert read_tree(project) == before


def test_force_shows_what_it_overwrites(project: Path) -> None:
    (project / "main.py").write_text("mine = 1\n")
    done = run_command("new", "blog", "--force", cwd=project.parent)
    assert "     force  main.py\n" in done.stdout
    assert "    -mine = 1\n" in done.stdout
    assert "    +app = App(root=Path(__file__).parent)\n" in done.stdout
    assert (project / "main.py").read_text() == (STORED / "main.py").read_text()
    assert (project / "app/models/post.py").exists(), "what the generator does not write is left alone"


def test_an_empty_repository_is_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "shop/.git").mkdir(parents=True)
    run_command("new", ".", cwd=tmp_path / "shop")
    assert 'name = "Shop"' in (tmp_path / "shop/config/app.toml").read_text()


def test_a_changed_file_refuses_the_whole_scaffold(project: Path) -> None:
    (project / "app/models/post.py").write_text("mine = 1\n")
    (project / "app/views/posts/show.html").unlink()
    before = read_tree(project)
    arguments = ["g", "scaffold", "Post", "title:string", "body:text", "published:boolean"]
    done = run_command(*arguments, cwd=project, check=False)
    assert done.returncode == 1
    assert "conflict  app/models/post.py" in done.stdout
    assert "1 file differs from what would be written; nothing was written" in done.stderr
    assert read_tree(project) == before


def test_a_dry_run_shows_and_writes_nothing(project: Path) -> None:
    before = read_tree(project)
    done = run_command("g", "model", "Tag", "name", "--dry-run", cwd=project)
    assert "create  app/models/tag.py" in done.stdout
    assert read_tree(project) == before


def test_destroy_takes_back_what_was_generated(project: Path) -> None:
    before = read_tree(project)
    run_command("g", "scaffold", "Tag", "name", cwd=project)
    run_command("g", "channel", "Game", "move", cwd=project)
    shown = run_command("destroy", "channel", "Game", "--dry-run", cwd=project).stdout
    assert "remove  app/channels/game_channel.py" in shown
    assert "update  app/channels/user_socket.py" in shown
    done = run_command("destroy", "scaffold", "Tag", cwd=project, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "needs the fields that it was made with" in done.stderr
    changed = run_command("destroy", "scaffold", "Tag", "title", cwd=project, check=False)
    assert changed.returncode == 1
    assert "conflict  app/models/tag.py" in changed.stdout
    assert (project / "app/models/tag.py").is_file()
    run_command("destroy", "scaffold", "Tag", "name", cwd=project)
    run_command("destroy", "channel", "Game", cwd=project)
    made = {"app/paths.pyi", "tmp/development_secret_key"}  # by loading the application for the path helpers
    assert {name: text for name, text in read_tree(project).items() if name not in made} == {
        name: text for name, text in before.items() if name not in made
    }
    again = run_command("destroy", "channel", "Game", cwd=project, check=False)
    assert again.returncode == 2
    assert "there is nothing to remove: no app/channels/game_channel.py" in again.stderr
