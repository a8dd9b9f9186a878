"""`spica assets build` killed in the middle and run twice at once: what production then serves is whole."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from spica.assets.build import build_assets, clean_assets, integrity
from spica.assets.manifest import read_manifest
from spica.assets.sources import PREFIX
from tests.processes import SPICA, run_command

NUMBER = 20


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("config/routes.py", "main.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "app/assets").mkdir(parents=True)
    change(tmp_path, 0)
    return tmp_path


def change(project: Path, release: int) -> None:
    """Give every asset another content, large enough that compressing takes a while."""
    for number in range(NUMBER):
        lines = "".join(f"let v{line} = {line * number * 7919 + release}\n" for line in range(1000))
        (project / f"app/assets/a{number}.js").write_text(lines)


def is_whole(project: Path) -> bool:
    """Whether each file of the manifest is there with the content that its integrity says."""
    output = project / "public/assets"
    manifest = read_manifest(output)
    return manifest is not None and all(
        integrity((output / asset.path.removeprefix(PREFIX)).read_bytes()) == asset.integrity
        for asset in manifest.assets.values()
    )


def test_a_build_that_is_killed_leaves_the_last_one_whole(project: Path) -> None:
    build_assets(project)
    output = project / "public/assets"
    manifest = (output / ".manifest.json").read_bytes()
    files = len(list(output.iterdir()))
    killed, release = 0, 1
    change(project, release)
    for _ in range(12):
        process = subprocess.Popen([SPICA, "assets", "build"], cwd=project, stdout=subprocess.DEVNULL)
        begun = len(list(output.iterdir()))
        deadline = time.monotonic() + 60
        while process.poll() is None and len(list(output.iterdir())) <= begun and time.monotonic() < deadline:
            time.sleep(0.005)  # until it has written something: there is no event to wait for
        process.kill()
        if process.wait() == 0:  # it was done before this one had its turn
            release += 1
            change(project, release)
        else:
            killed += 1
        assert (output / ".manifest.json").read_bytes() == manifest or is_whole(project)
        if killed == 4:
            break
    assert killed, "no build was killed while it wrote"
    assert is_whole(project)
    assert len(list(output.iterdir())) > files
    run_command("assets", "build", cwd=project)
    assert is_whole(project)
    assert (output / ".manifest.json").read_bytes() != manifest
    clean_assets(project, everything=True)
    assert [path.name for path in output.rglob("*") if path.name.endswith(".tmp")] == []


def test_two_builds_at_once_are_one(project: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: run_command("assets", "build", cwd=project), range(3)))
    assert all(f"{NUMBER} assets" in one.stdout for one in done)
    assert is_whole(project)
    output = project / "public/assets"
    assert not [path for path in output.iterdir() if path.name.endswith(".tmp")]
    assert len(list(output.glob("*.br"))) == NUMBER
