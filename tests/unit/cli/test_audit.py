"""`spica audit` where it can't look, and its report where nobody is asked."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from spica.audit.advisories import Advisory, Lookup, Package
from spica.cli.audit_report import Report, render_json, render_text
from spica.cli.commands import run


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "app.py").write_text("from spica import App\nhtml = Safe(f'<b>{name}</b>')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPICA_ENV", "test")
    return tmp_path


def test_without_pip_audit_the_code_is_told_and_the_packages_are_not_called_fine(
    app: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "pip_audit" else find(name))
    assert run(["audit"]) == 2
    out, err = capsys.readouterr()
    assert "SPICA-K007" in out
    assert "app.py:2" in out
    assert out.endswith("\n\nthe packages were not looked up; in the project's code: 1 warning\n")
    assert err.startswith("SPICA-G007  spica audit needs pip-audit, which is not installed\n")
    assert run(["audit", "--json"]) == 2
    report = json.loads(capsys.readouterr().out)
    assert (report["vulnerabilities"], report["error"]["fix"]) == (None, "pip install 'spica[audit]'")


def test_an_environment_that_there_is_not(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "--env", "prodution"]) == 2
    assert "did you mean production?" in capsys.readouterr().err


def test_what_is_installed_and_known_is_told_in_one_line(tmp_path: Path) -> None:
    report = Report(tmp_path, [], Lookup((Package("pip", "26.1"), Package("ours", "1", unknown="not found"))))
    assert not report.has_findings
    assert render_text(report) == (
        "not looked up: 1 package\n  ours 1  not found\n\n"
        "1 package looked up: no known vulnerabilities; in the project's code: nothing found"
    )


def test_an_advisory_that_no_version_fixes(tmp_path: Path) -> None:
    package = Package("pip", "26.1", (Advisory(("CVE-1",), "", ("25.0",)),))
    report = Report(tmp_path, [], Lookup((package,)))
    assert report.has_findings
    assert "pip      26.1     CVE-1     -         no version fixes it yet" in render_text(report)
    (row,) = json.loads(render_json(report))["vulnerabilities"]
    assert (row["fixed_in"], row["command"]) == (None, None)
    assert "1 known vulnerability;" in render_text(report)


def test_colours_are_for_terminals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = Package("pip", "26.1", (Advisory(("CVE-1",), "It is bad.", ("27.0",)),))
    report = Report(tmp_path, [], Lookup((package,)))
    assert "\x1b[" not in render_text(report)
    monkeypatch.setattr("spica.cli.terminal.has_colours", lambda stream: True)
    assert "\x1b[31mpip    \x1b[0m  26.1     CVE-1" in render_text(report)


def test_nothing_of_pip_audit_is_imported_and_nothing_heavy_before_the_command_runs() -> None:
    heavy = ["pip_audit", "packaging", "requests", "spica.app", "spica.checks.registry", "msgspec"]
    for modules, unwanted in (("spica.cli.audit", heavy), ("spica.audit.pip_audit, spica.audit.upgrades", heavy[:3])):
        script = f"import sys, {modules}; print([name for name in {unwanted} if name in sys.modules])"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout == "[]\n", modules
