"""The console, fed by a pipe: what a script on standard input may do."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable

import pytest

from spica import App
from spica.cli.interpreter import Interpreter, run_console

Feed = Callable[[str], int]


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Feed:
    """Run the console of an application without a project on a text; gives the exit code."""

    def run(text: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        return run_console(App())

    return run


def test_await_works_at_the_top_level(feed: Feed, capsys: pytest.CaptureFixture[str]) -> None:
    assert feed("import asyncio\nawait asyncio.sleep(0)\nprint(await asyncio.sleep(0, 'later'))\n") == 0
    assert capsys.readouterr().out == "later\n"


def test_the_application_and_its_settings_are_there(feed: Feed, capsys: pytest.CaptureFixture[str]) -> None:
    assert feed("print(app.name, settings is app.settings, callable(type(paths)))") == 0
    assert capsys.readouterr().out == "app True True\n"


def test_names_are_shared_between_statements_and_functions(feed: Feed, capsys: pytest.CaptureFixture[str]) -> None:
    assert feed("x = 1\nasync def f():\n    return x + 1\nprint(await f())\n") == 0
    assert capsys.readouterr().out == "2\n"


def test_an_error_ends_with_1_and_shows_only_the_users_lines(feed: Feed, capsys: pytest.CaptureFixture[str]) -> None:
    assert feed("async def f():\n    1 / 0\nawait f()\n") == 1
    said = capsys.readouterr().err
    assert said.splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert "interpreter.py" not in said


@pytest.mark.parametrize(("text", "code"), [("exit()", 0), ("exit(3)", 3), ("exit('no')", 1), ("if:", 1)])
def test_the_exit_code_is_the_scripts(feed: Feed, text: str, code: int) -> None:
    assert feed(text) == code


def test_the_application_lives_as_long_as_the_console(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    app = App()
    app.on_startup(lambda: print("up"))
    app.on_shutdown(lambda: print("down"))
    monkeypatch.setattr("sys.stdin", io.StringIO("print('in')"))
    run_console(app)
    assert capsys.readouterr().out == "up\nin\ndown\n"


async def test_what_is_awaited_can_be_interrupted() -> None:
    loop = asyncio.get_running_loop()
    interpreter = Interpreter({"event": asyncio.Event(), "started": (started := asyncio.Event())}, loop)
    line = asyncio.to_thread(interpreter.push, "started.set() or await event.wait()")
    waiting = asyncio.create_task(line)
    await started.wait()
    async with asyncio.timeout(30):
        # The other thread may not know yet what it waits for.
        while not interpreter.interrupt():  # noqa: ASYNC110 - and there is no event for that
            await asyncio.sleep(0.001)
    assert await waiting is False, "the line was complete"
    assert not interpreter.interrupt(), "nothing is awaited any more"
