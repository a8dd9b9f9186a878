"""`spica server`: what was typed is checked before anything is loaded."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from spica.cli.main import main
from spica.cli.server import render_help
from spica.server.plan import Plan


@pytest.mark.parametrize("port", ["65536", "99999", "-1"])
def test_a_number_that_is_no_port_is_a_usage_error(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["server", "--port", port]) == 2
    assert f"{port} is no port: ports are 0 (any free one) to 65535" in capsys.readouterr().err


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["server", "--help"]) == 0
    assert capsys.readouterr().out.strip() == render_help().strip()
    assert "spica server app:app --port 8000" in render_help()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--workers", "0"], '--workers must be a whole number from 1, or all, not "0"'),
        (["--workers", "many"], '--workers must be a whole number from 1, or all, not "many"'),
        (["--bind", "fd:3", "--port", "80"], "--bind says where to listen: leave --host and --port out"),
        (["--worker", "2"], "spica server has no option --worker; did you mean --workers?"),
    ],
)
def test_what_is_typed_wrongly_is_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["server", *arguments]) == 2
    assert capsys.readouterr().err.strip() == f"SPICA-G001  {sentence}"


def test_several_workers_make_this_process_the_supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[Plan] = []

    class Replaced(BaseException):
        """The process is another program now: nothing after it runs."""

    def replace(program: str, command: list[str]) -> None:
        assert command[:-1] == [sys.executable, "-P", "-m", "spica.server.supervisor"]
        became.append(Plan.from_json(command[-1]))
        raise Replaced

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "execv", replace)
    with pytest.raises(Replaced):
        main(["server", "web:app", "--workers", "3", "--bind", "127.0.0.1:0", "--bind", "unix:a.sock", "-q"])
    [plan] = became
    assert (plan.workers, plan.binds, plan.access_log) == (3, ("127.0.0.1:0", "unix:a.sock"), None)
    assert (plan.typed.target, plan.typed.folder) == ("web:app", str(tmp_path))
