"""Exit codes, and what a user reads when a command goes wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest

from spica import __version__
from spica.cli import commands
from spica.cli import main as main_module
from spica.cli.errors import UsageError
from spica.cli.main import main, render_error
from spica.errors import SpicaError

# Not needed to know which command was typed, and expensive: main.py must not import them.
HEAVY = ["asyncio", "cyclopts", "rich", "msgspec", "sqlalchemy", "alembic", "spica.app", "spica._core"]


@pytest.mark.parametrize("flag", ["--version", "-v"])
def test_the_version(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([flag]) == 0
    assert capsys.readouterr().out == f"spica {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [["--help"], [], ["new", "--help"], ["server", "--help"], ["g", "model", "--help"]]
)
def test_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert "Usage: spica" in capsys.readouterr().out


COMMANDS = """
new, generate, generate scaffold, generate model, generate controller, generate migration, generate channel, destroy,
destroy scaffold, destroy model, destroy controller, destroy migration, destroy channel, server, reload, dev, console,
routes, db, db migrate, db rollback, db redo, db status, db seed, db dump, db load, db drop, db reset, config, build,
assets, assets build, assets clean, assets list, secrets, secrets edit, secrets show, secrets get, secrets set,
secrets key, secrets kdf, secrets rotate, check, audit, openapi, test, maintenance, maintenance on, maintenance off,
maintenance status
"""


def test_the_list_of_commands_says_what_each_does(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    for name, _, summary in commands.COMMANDS:
        first = name if isinstance(name, str) else name[0]
        (line,) = [line for line in lines if line.startswith(f"│ {first} ")]
        assert summary.split()[0] in line


def test_a_generator_typed_as_a_command_is_told_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scaffold", "Post"]) == 2
    assert "spica generate scaffold" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS.replace("\n", " ").split(","))
def test_every_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "--help"]) == 0
    assert "For example:" in capsys.readouterr().out


def test_a_mistyped_command_exits_with_2_and_says_so_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["genrate"]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", 'SPICA-G001  unknown command "genrate"; did you mean generate?\n')


@pytest.mark.parametrize(
    ("word", "command"),
    [("migrate", "db migrate"), ("runserver", "dev"), ("makemigrations", "db diff"), ("shell", "console")],
)
def test_commands_of_other_frameworks(word: str, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word]) == 2
    assert capsys.readouterr().err == f'SPICA-G001  unknown command "{word}"; it is called: spica {command}\n'


def test_commands_of_elsewhere_lead_to_commands() -> None:
    app = commands.build_app()
    for command in commands._ELSEWHERE.values():
        name, _, inner = command.partition(" ")
        assert name in app
        assert not inner or inner in app[name]


def test_a_failed_command_exits_with_1(tmp_path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["g", "model", "Post"]) == 1
    assert "there is no Spica project in" in capsys.readouterr().err


def test_an_interrupted_command_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(arguments: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(main_module, "_run", interrupt)
    assert main(["dev"]) == 130


def test_an_unexpected_error_keeps_its_traceback(monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(arguments: list[str]) -> int:
        raise LookupError("a bug")

    monkeypatch.setattr(main_module, "_run", fail)
    with pytest.raises(LookupError):
        main(["routes", "--json"])
    assert capsys.readouterr().err.startswith("spica routes --json failed unexpectedly")


def test_an_error_of_one_sentence_is_one_line() -> None:
    assert render_error(UsageError("no")) == "SPICA-G001  no"
    assert render_error(SpicaError("no", fix="yes")).splitlines()[1] == "  fix    yes"


def test_nothing_heavy_is_imported_before_the_command_is_known() -> None:
    script = f"import sys, spica.cli.main; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_servers_arguments_are_read_without_the_large_parser() -> None:
    script = "import sys; from spica.cli.main import main; main(['server', '--help']); print('cyclopts' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_help_lets_the_terminal_break_lines_and_shows_no_default_that_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    main(["dev", "--help"])
    about = capsys.readouterr().out.split("\n\n")[2]
    widths = [len(line) for line in about.splitlines()]
    assert all(width > 40 for width in widths[:-1]), about
    main(["routes", "--help"])
    assert "[default" not in capsys.readouterr().out


def test_the_package_runs_as_the_command_does() -> None:
    done = subprocess.run([sys.executable, "-m", "spica", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"spica {__version__}\n"
