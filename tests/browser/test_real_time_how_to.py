"""docs/how-to/talk-to-browsers-in-real-time.md, followed word by word, and what two windows then show."""

from __future__ import annotations

import contextlib
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.axe import find_violations
from tests.docs.pages import FILE, blocks, follow
from tests.processes import SPICA, RunningServer, run_command, serving

pytestmark = pytest.mark.xdist_group("browser")
PAGE = Path(__file__).parents[2] / "docs/how-to/talk-to-browsers-in-real-time.md"


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return follow(PAGE, tmp_path_factory.mktemp("talk"))


@pytest.fixture
def server(talk: Path) -> Iterator[RunningServer]:
    with serving(talk) as server:
        yield server


def test_two_windows_hear_each_other_and_the_console(talk: Path, server: RunningServer, browser: Browser) -> None:
    with contextlib.closing(browser.new_context()) as one, contextlib.closing(browser.new_context()) as two:
        windows = [context.new_page() for context in (one, two)]
        problems: list[str] = []
        for window in windows:
            window.on("pageerror", lambda error: problems.append(str(error)))
            window.goto(server.url)
        for window in windows:
            expect(window.locator("#here")).to_have_text(re.compile(r"^Guest \d+, Guest \d+$"))
        windows[0].get_by_label("Say something").fill("Hello <there>")
        windows[0].get_by_label("Say something").press("Enter")
        for window in windows:
            expect(window.locator("#said li")).to_have_text([re.compile(r"^Guest \d+: Hello <there>$")])
        assert find_violations(windows[0]) == []

        with (talk / "tell.py").open() as script:
            done = subprocess.run(
                [SPICA, "console"], cwd=talk, stdin=script, capture_output=True, text=True, timeout=300, check=False
            )
        assert done.returncode == 0, done.stderr
        for window in windows:
            expect(window.locator("#said li").last).to_have_text("the console: Dinner is ready")
        assert problems == []


def test_the_project_is_in_order(talk: Path) -> None:
    assert run_command("check", "--strict", cwd=talk).stdout == "nothing found\n"
    assert re.search(r"\bSOCKET +/socket +UserSocket\b", run_command("routes", cwd=talk).stdout)


def test_the_blocks_without_a_file_are_right(talk: Path) -> None:
    (connect,) = (content for language, content in blocks(PAGE) if language == "python" and not FILE.match(content))
    names: dict[str, object] = {}
    exec(f"from spica import Session, Socket, Unauthorized\nRoomChannel = None\n{connect}", names)
    assert "connect" in vars(names["UserSocket"])
    (settings,) = (tomllib.loads(content) for language, content in blocks(PAGE) if language == "toml")
    assert list(settings) == ["pubsub"]
    url = settings["pubsub"]["url"]
    assert url in run_command("config", "pubsub", cwd=talk, SPICA__PUBSUB__URL=url).stdout
