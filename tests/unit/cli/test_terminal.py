"""Colours only where a person reads."""

from __future__ import annotations

import io

import pytest

from spica.cli.terminal import ProgressLine, paint


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_a_terminal_gets_colours() -> None:
    assert paint("yes", "green", Terminal()) == "\x1b[32myes\x1b[0m"


def test_a_file_gets_none() -> None:
    assert paint("yes", "green", io.StringIO()) == "yes"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_user_can_turn_them_off(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert paint("yes", "green", Terminal()) == "yes"


def test_progress_is_one_line_that_goes_in_the_end() -> None:
    terminal = Terminal()
    with ProgressLine(terminal) as line:
        line.show("1 of 2")
        line.show("2 of 2")
    assert terminal.getvalue() == "\r\x1b[K1 of 2\r\x1b[K2 of 2\r\x1b[K"


@pytest.mark.parametrize(("stream", "term"), [(io.StringIO, "xterm"), (Terminal, "dumb")])
def test_nobody_is_told_of_progress_who_does_not_watch(
    stream: type[io.StringIO], term: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    with ProgressLine(out := stream()) as line:
        line.show("1 of 2")
    assert out.getvalue() == ""
