"""Application log lines."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator

import pytest

from spica.telemetry import logs


@pytest.fixture(autouse=True)
def _default_settings() -> Iterator[None]:
    yield
    logs.configure(format="text", level="info")


def test_json_lines_carry_context_level_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(format="json")
    logs.get_logger(trace_id="abc").info("fetching user", user_id=7)
    line = json.loads(capsys.readouterr().err)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "fetching user", "level": "info", "trace_id": "abc", "user_id": 7}


def test_secrets_are_filtered_in_both_formats(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("json", "text"):
        logs.configure(format=form)  # type: ignore[arg-type]
        logs.get_logger().info("sign in", password="hunter2", api_token="t0p")
        written = capsys.readouterr().err
        assert "hunter2" not in written
        assert "t0p" not in written
        assert logs.FILTERED in written


def test_a_line_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("json", "text"):
        logs.configure(format=form)  # type: ignore[arg-type]
        logs.get_logger().info("odd", value="a\nforged: line")
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("odd", ["\n", "\r\n", "\x0b", "\x0c", "\x1b[2K", "\x85", "\u2028", "\0", "\u202e"])
def test_what_is_said_stays_one_line_too(capsys: pytest.CaptureFixture[str], odd: str) -> None:
    for form in ("json", "text"):
        logs.configure(format=form)  # type: ignore[arg-type]
        logs.get_logger().info(f"looking for a{odd}forged: line é")
        written = capsys.readouterr().err
        assert len(written.splitlines()) == 1
        assert odd not in written.rstrip("\n")
        assert form == "json" or "forged: line é" in written


def test_lines_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(format="json", level="warning")
    logs.get_logger().info("quiet")
    assert capsys.readouterr().err == ""


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="loud"):
        logs.configure(format="json", level="loud")


def test_an_exception_is_part_of_its_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(format="json")
    try:
        raise KeyError("gone")
    except KeyError:
        logs.get_logger().exception("lookup failed")
    assert "KeyError" in json.loads(capsys.readouterr().err)["exception"]


def test_lines_go_to_the_standard_error_of_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", first)
    logger = logs.get_logger()
    logger.info("one")
    assert "one" in first.getvalue()
    first.close()
    monkeypatch.setattr(sys, "stderr", second)
    logger.info("two")
    logs.get_logger().info("three")
    assert "two" in second.getvalue()
    assert "three" in second.getvalue()


@pytest.mark.parametrize("odd", ["\x1b]0;pwned\x07", "\x9b2J", "\x7f", "\x85", "\u2028", "\u202e", "\x0b"])
def test_values_without_spaces_stay_one_line_and_move_nothing(capsys: pytest.CaptureFixture[str], odd: str) -> None:
    logs.get_logger().info("refused", path=f"/chat/{odd}", plain="/é")
    written = capsys.readouterr().err
    assert len(written.splitlines()) == 1
    assert written.rstrip("\n").isprintable()
    assert f"path={'/chat/' + odd!r}" in written
    assert written.rstrip().endswith("plain=/é")


def test_json_has_values_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(format="json")
    logs.get_logger().info("refused", path="/chat/\x1b]0;\x07")
    written = capsys.readouterr().err
    assert written.rstrip("\n").isprintable()
    assert json.loads(written)["path"] == "/chat/\x1b]0;\x07"


def test_a_traceback_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.get_logger().error("failed", exception="Traceback:\n\tKeyError: \x1b[2K")
    assert capsys.readouterr().err.endswith("\nTraceback:\n\tKeyError: \\x1b[2K\n")
