"""`spica server`: what was typed is checked before anything is loaded."""

from __future__ import annotations

import pytest

from spica.cli.main import main
from spica.cli.server import render_help


@pytest.mark.parametrize("port", ["65536", "99999", "-1"])
def test_a_number_that_is_no_port_is_a_usage_error(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["server", "--port", port]) == 2
    assert f"{port} is no port: ports are 0 (any free one) to 65535" in capsys.readouterr().err


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["server", "--help"]) == 0
    assert capsys.readouterr().out.strip() == render_help().strip()
    assert "spica server app:app --port 8000" in render_help()
