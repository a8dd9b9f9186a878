"""Colours only where a person reads."""

from __future__ import annotations

import io

import pytest

from spica.cli.terminal import paint


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
