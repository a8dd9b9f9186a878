"""`spica new` where the folder can't be made, or has a name that a shell would split."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica.cli.main import main


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("mine")
    assert main(["new", str(tmp_path / "file" / "blog")]) == 1
    error = capsys.readouterr().err
    assert error.startswith(
        f"SPICA-G016  can't write {tmp_path / 'file' / 'blog'}: Not a directory; nothing was changed"
    )
    assert "Traceback" not in error
    assert (tmp_path / "file").read_text() == "mine"


def test_the_next_command_can_be_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "my blog"]) == 0
    assert "Ready. Now: cd 'my blog' && spica dev" in capsys.readouterr().out
