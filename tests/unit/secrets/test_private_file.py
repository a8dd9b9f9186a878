"""spica.secrets.private_file: where a text in clear lies while it is edited, and that it is gone afterwards."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from spica.secrets.private_file import choose_folder, private_file


@pytest.fixture(autouse=True)
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def test_it_is_private_and_gone_with_all_that_an_editor_left_beside(memory: Path) -> None:
    with private_file("text é", "secrets.toml") as path:
        assert path.read_text("utf-8") == "text é"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert path.parent.parent == memory
        (path.parent / ".secrets.toml.swp").write_text("text")
    assert list(memory.iterdir()) == []


def test_its_octets_are_overwritten(memory: Path) -> None:
    with private_file("sk_live_1", "secrets.toml") as path:
        kept = memory / "kept"
        os.link(path, kept)
    assert kept.read_bytes() == bytes(9)


def test_it_is_gone_after_a_failure(memory: Path) -> None:
    with pytest.raises(KeyboardInterrupt), private_file("x", "secrets.toml"):
        raise KeyboardInterrupt
    assert list(memory.iterdir()) == []


def test_what_a_killed_process_left_is_wiped_and_that_of_a_running_one_is_not(memory: Path) -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    for name in (f"spica-secrets-{child}-abc", f"spica-secrets-{os.getpid()}-abc", "spica-secrets-x", "other"):
        (memory / name).mkdir()
        (memory / name / "secrets.toml").write_text("text")
    with private_file("x", "secrets.toml"):
        pass
    assert sorted(os.listdir(memory)) == ["other", f"spica-secrets-{os.getpid()}-abc", "spica-secrets-x"]


def test_a_link_to_a_folder_of_someone_else_is_not_followed(
    memory: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "file").write_text("precious")
    (memory / "spica-secrets-999999999-abc").symlink_to(elsewhere)
    with private_file("x", "secrets.toml"):
        pass
    assert (elsewhere / "file").read_text() == "precious"


def test_without_a_folder_in_memory_the_usual_one_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
    assert choose_folder().is_dir()
