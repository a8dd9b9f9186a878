from __future__ import annotations

import subprocess
from pathlib import Path

from tests.unit.checks.conftest import Check


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def test_a_key_that_git_does_not_ignore_and_one_that_it_has_are_told(check: Check, tmp_path: Path) -> None:
    git(tmp_path, "init")
    files = {"config/secrets.key": "k", ".env": "A=1"}
    found = check("secret-files", files)
    assert [(one.file, "ignore" in one.what) for one in found] == [(".env", True), ("config/secrets.key", True)]
    git(tmp_path, "add", "config/secrets.key")
    (tmp_path / ".gitignore").write_text("/.env\n/config/*.key\n")
    (had,) = check("secret-files", files)
    assert (had.file, had.severity) == ("config/secrets.key", "error")
    assert "git has" in had.what


def test_ignored_keys_and_folders_without_git_have_no_findings(check: Check, tmp_path: Path) -> None:
    assert check("secret-files", {"config/secrets.key": "k"}) == []
    git(tmp_path, "init")
    assert check("secret-files", {".gitignore": "/config/**/*.key\n/tmp/\n"}) == []


def test_a_secret_that_is_written_out_is_told_with_its_line(check: Check) -> None:
    toml = '[mail]\nhost = "smtp"\napi_key = "abcdef"\nurl = "postgres://a:hunter2@db/x"\ntoken = "${TOKEN}"\n'
    found = check("secret-files", {"config/mail.toml": toml})
    assert [one.line for one in found] == [3, 4]
    assert "hunter2" not in str(found), "what is secret is not repeated"
