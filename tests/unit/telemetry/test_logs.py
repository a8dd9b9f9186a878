"""Application log lines."""

from __future__ import annotations

import json
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
