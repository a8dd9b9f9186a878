"""The stored text of every error of the command line and the generators."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from spica.audit import errors as audit_errors
from spica.audit import pip_audit
from spica.audit.pip_audit import look_up
from spica.cli import errors as cli_errors
from spica.cli.database import ProjectDatabase, find_database
from spica.cli.main import render_error
from spica.cli.new import check_empty
from spica.cli.project import find_project
from spica.cli.seeding import run_seeds
from spica.cli.test import check_installed
from spica.errors import SpicaError
from spica.generators import errors as generator_errors
from spica.generators.apply import check_steps, decide
from spica.generators.fields import parse_field
from spica.generators.kinds.channel import plan_channel
from spica.generators.kinds.migration import plan_migration
from spica.generators.kinds.model import plan_model
from spica.generators.kinds.scaffold import plan_scaffold
from spica.generators.names import ResourceNames
from spica.generators.plan import Plan
from spica.generators.project import Project
from spica.generators.routes_file import insert_calls
from spica.testing.databases import prepare


def text_of(mistake: Callable[[], object], folder: Path) -> str:
    """Make the mistake and give what the user reads, without the folder's name."""
    with pytest.raises(SpicaError) as caught:
        mistake()
    lines = render_error(caught.value).replace(str(folder.resolve()), "FOLDER").splitlines()
    return "\n".join(line.rstrip() for line in lines)


def make_project(root: Path, database: str = "") -> Path:
    for name, text in {
        "main.py": "",
        "config/routes.py": "def draw(r):\n    pass\n",
        "config/database.toml": f'[database]\nurl = "{database}"\n',
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("title:strng", 'SPICA-G012  unknown field type "strng" in title:strng; did you mean string?'),
        ("title:string:uniq", 'SPICA-G011  unknown modifier "uniq" in title:string:uniq; did you mean unique?'),
        (
            "Title:string",
            """\
SPICA-G011  "Title" cannot name a field
  where  Title:string
  fix    write it in snake_case, such as published_on
  docs   docs/reference/errors.md#spica-g011""",
        ),
        (
            "id:integer",
            """\
SPICA-G011  the field "id" is there already
  where  id:integer
  why    every generated table has it
  fix    leave it out
  docs   docs/reference/errors.md#spica-g011""",
        ),
        (
            "save:boolean",
            """\
SPICA-G011  "save" cannot name a field
  where  save:boolean
  why    models have a method save
  fix    choose another name
  docs   docs/reference/errors.md#spica-g011""",
        ),
        (
            "rank:integer:default=top",
            """\
SPICA-G011  "top" is not an integer
  where  rank:integer:default=top
  docs   docs/reference/errors.md#spica-g011""",
        ),
    ],
)
def test_fields(word: str, text: str, tmp_path: Path) -> None:
    assert text_of(lambda: parse_field(word), tmp_path) == text


def test_bad_name(tmp_path: Path) -> None:
    assert (
        text_of(lambda: ResourceNames.parse("2fast"), tmp_path)
        == """\
SPICA-G010  "2fast" cannot name a resource
  why    a name starts with a letter and holds letters, digits and _
  fix    write it like BlogPost or blog_post
  docs   docs/reference/errors.md#spica-g010"""
    )


def test_bad_name_of_a_migration(tmp_path: Path) -> None:
    def mistake() -> object:
        return plan_migration(Project.at(tmp_path), "Slugs", [parse_field("slug")])

    assert (
        text_of(mistake, tmp_path)
        == """\
SPICA-G010  the name "Slugs" does not say what to do with the fields
  why    CreatePosts, AddSlugToPosts and RemoveSlugFromPosts do
  fix    name it like AddSlugToPosts, or leave the fields out
  docs   docs/reference/errors.md#spica-g010"""
    )


def test_missing_reference(tmp_path: Path) -> None:
    def mistake() -> object:
        return plan_model(Project.at(tmp_path), ResourceNames.parse("Post"), [parse_field("author:references")])

    assert (
        text_of(mistake, tmp_path)
        == """\
SPICA-G011  author refers to a model that is not there: Author
  where  author:references
  why    app/models/author.py is missing
  fix    make it first: spica g model Author name:string
  docs   docs/reference/errors.md#spica-g011"""
    )


def test_reference_to_itself(tmp_path: Path) -> None:
    def mistake() -> object:
        return plan_model(Project.at(tmp_path), ResourceNames.parse("Post"), [parse_field("post:references")])

    assert (
        text_of(mistake, tmp_path)
        == """\
SPICA-G011  the first post could never be saved: it would have to point at another
  where  post:references
  fix    let it be empty: post:references:null
  docs   docs/reference/errors.md#spica-g011"""
    )


def test_scaffold_without_fields(tmp_path: Path) -> None:
    def mistake() -> object:
        return plan_scaffold(Project.at(tmp_path), ResourceNames.parse("Post"), [])

    assert (
        text_of(mistake, tmp_path)
        == """\
SPICA-G011  a scaffold of posts needs a field
  why    without one its form would be empty
  fix    name some: spica g scaffold Post title:string
  docs   docs/reference/errors.md#spica-g011"""
    )


def test_folder_not_empty(tmp_path: Path) -> None:
    for name in "abcdefg":
        (tmp_path / name).touch()
    assert (
        text_of(lambda: check_empty(tmp_path.resolve()), tmp_path)
        == """\
SPICA-G013  FOLDER is not empty; nothing was written
  why    it holds a, b, c, d, e and 2 more
  fix    choose another name, or --force to go on: it shows and overwrites what differs
  docs   docs/reference/errors.md#spica-g013"""
    )


def test_files_differ(tmp_path: Path) -> None:
    plan = Plan()
    for name in ["a.py", "b.py"]:
        (tmp_path / name).write_text("mine")
        plan.create(name, "generated")
    assert (
        text_of(lambda: check_steps(decide(plan, tmp_path)), tmp_path)
        == """\
SPICA-G014  2 files differ from what would be written; nothing was written
  where  a.py
         b.py
  fix    --force overwrites them and shows what changes; --dry-run only shows it
  docs   docs/reference/errors.md#spica-g014"""
    )


def test_files_differ_from_what_is_to_be_removed(tmp_path: Path) -> None:
    plan = Plan()
    (tmp_path / "a.py").write_text("mine")
    plan.create("a.py", "generated")
    assert (
        text_of(lambda: check_steps(decide(plan.undone(), tmp_path)), tmp_path)
        == """\
SPICA-G014  1 file differs from what would be generated; nothing was removed
  where  a.py
  fix    type the fields or names that it was made with, or --force: it removes changed files, too
  docs   docs/reference/errors.md#spica-g014"""
    )


def test_a_name_that_channels_have(tmp_path: Path) -> None:
    assert (
        text_of(lambda: plan_channel(Project.at(tmp_path), "Chat", ["push"]), tmp_path)
        == """\
SPICA-G010  "push" cannot name an event
  why    channels have a push of their own
  fix    choose another name
  docs   docs/reference/errors.md#spica-g010"""
    )


def test_routes_not_recognised(tmp_path: Path) -> None:
    assert (
        text_of(lambda: insert_calls(tmp_path, [("resources", "posts")]), tmp_path)
        == """\
SPICA-G015  config/routes.py leaves no place for a new route
  where  config/routes.py
  why    no function draw takes the routes
  fix    write "def draw(r):" and below it, indented, r.root("home#index")
  docs   docs/reference/errors.md#spica-g015"""
    )


def test_not_in_a_project(tmp_path: Path) -> None:
    assert (
        text_of(lambda: find_project(tmp_path), tmp_path)
        == """\
SPICA-G002  there is no Spica project in FOLDER
  why    neither it nor a folder above it has config/routes.py and main.py
  fix    go into your project, or make one: spica new blog
  docs   docs/reference/errors.md#spica-g002"""
    )


def test_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_project(tmp_path))
    assert (
        text_of(lambda: find_database("test"), tmp_path)
        == """\
SPICA-G003  the test environment has no database
  where  config/database.toml
  fix    give it one: [database] url = "sqlite://./db/development.sqlite3"
  docs   docs/reference/errors.md#spica-g003"""
    )


def test_production_is_not_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_project(tmp_path, "sqlite://./db/live.sqlite3"))
    found = find_database("test")
    production = ProjectDatabase(found.root, "production", found.url, found.runner)
    assert (
        text_of(lambda: production.check_expendable("reset", yes=False), tmp_path)
        == """\
SPICA-G004  spica db reset would delete the production database
  where  sqlite://./db/live.sqlite3
  fix    if you mean it: spica db reset --yes
  docs   docs/reference/errors.md#spica-g004"""
    )
    production.check_expendable("reset", yes=True)


def test_no_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_project(tmp_path))
    assert (
        text_of(lambda: run_seeds(None), tmp_path)
        == """\
SPICA-G005  there is no db/seeds.py
  fix    write it, with: async def seed(): ...
  docs   docs/reference/errors.md#spica-g005"""
    )


def test_every_error_here_is_documented_and_has_a_code_of_its_own() -> None:
    classes = [
        member
        for module in (cli_errors, generator_errors, audit_errors)
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, SpicaError) and member.__module__ == module.__name__
    ]
    codes = [member.code for member in classes]
    assert len(classes) == 15
    assert len(set(codes)) == len(codes)
    assert all(code.startswith("SPICA-G") for code in codes)
    assert all(member.__doc__ for member in classes)


def test_tests_need_pytest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"pytest", "pytest_asyncio"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name if name in found else None)
    monkeypatch.setattr("sys.executable", "/usr/bin/python3")
    check_installed(["tests", "-x"])
    assert text_of(lambda: check_installed(["-n", "auto"]), tmp_path) == inspect.cleandoc(
        """
        SPICA-G006  spica test needs pytest-xdist, which is not installed
          where  /usr/bin/python3
          why    what only tests need is an extra of Spica, so that production does without it
          fix    pip install 'spica[test]'
          docs   docs/reference/errors.md#spica-g006
        """
    )
    found.clear()
    with pytest.raises(SpicaError, match="needs pytest, which"):
        check_installed([])


def test_a_test_database_that_may_hold_data(tmp_path: Path) -> None:
    (tmp_path / "app.sqlite3").touch()
    assert text_of(lambda: prepare(f"sqlite://{tmp_path}/app.sqlite3", tmp_path), tmp_path) == inspect.cleandoc(
        """
        SPICA-K001  tests would empty the database app.sqlite3
          where  FOLDER/app.sqlite3
          why    a test database is made anew, and this name does not say that it is one
          fix    name it so in config/database.toml: [database.test] url = "sqlite://./db/test.sqlite3", or ":memory:"
          docs   docs/reference/errors.md#spica-k001
        """
    )


def test_an_audit_needs_pip_audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("sys.executable", "/usr/bin/python3")
    assert text_of(lambda: look_up("pypi"), tmp_path) == inspect.cleandoc(
        """
        SPICA-G007  spica audit needs pip-audit, which is not installed
          where  /usr/bin/python3
          why    it asks for vulnerabilities, and is an extra of Spica, so that production does without it
          fix    pip install 'spica[audit]'
          docs   docs/reference/errors.md#spica-g007
        """
    )


@pytest.mark.parametrize(
    ("printed", "log", "why"),
    [
        (
            b"",
            [
                "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed",
                "ERROR:pip_audit._cli:Tip: your network may be blocking this service.",
            ],
            "Could not connect to PyPI's vulnerability feed",
        ),
        (
            b"",
            [
                "DEBUG:pip_audit._cli:Auditing pip (26.1)",
                "Traceback (most recent call last):",
                "ConnectionRefusedError: [Errno 111] Connection refused",
                "requests.exceptions.HTTPError: 500 Server Error for url: https://pypi.org/pypi/pip/26.1/json",
                "The above exception was the direct cause of the following exception:",
                "pip_audit._service.interface.ServiceError",
            ],
            "500 Server Error for url: https://pypi.org/pypi/pip/26.1/json",
        ),
        (b"", ["/usr/bin/python3: No module named pip", ""], "/usr/bin/python3: No module named pip"),
        (b'{"dependencies": []}', ["No known vulnerabilities found"], "no package is installed"),
    ],
)
def test_packages_that_nothing_was_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: bytes, log: list[str], why: str
) -> None:
    def run(_options: object, answer: IO[bytes], _tell: object) -> list[str]:
        answer.write(printed)
        return log

    monkeypatch.setattr(pip_audit, "_run", run)
    assert text_of(lambda: look_up("pypi"), tmp_path) == inspect.cleandoc(
        f"""
        SPICA-G008  the packages could not be looked up, so nothing is known of them
          where  https://pypi.org
          why    {why}
          fix    see that this machine reaches it (HTTPS_PROXY names a proxy), and say spica audit again
                 or ask another one: SPICA__AUDIT__SERVICE=osv spica audit
          docs   docs/reference/errors.md#spica-g008
        """
    )
