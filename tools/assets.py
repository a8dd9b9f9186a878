"""Fetches the files of npm packages that Spica serves: none of them are in the repository, the wheel has them.

    python tools/assets.py            fetch what is missing or of another version
    python tools/assets.py --check    only say whether all of it is there

`tools/assets.toml` names packages, versions, the SHA-512 of each and the files that are taken. npm fetches, we verify.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "tools" / "assets.toml"
STAMP = ".fetched"


def main(arguments: list[str]) -> int:
    """Fetch or check all packages. Returns 1 when one of them is not there afterwards."""
    missing = 0
    for name, package in tomllib.loads(LOCK.read_text()).items():
        folder = ROOT / package["folder"]
        if _is_fetched(folder, package):
            continue
        problem = f"{name} {package['version']} is missing" if "--check" in arguments else _fetch(name, package, folder)
        if problem:
            print(f"assets: {problem}", file=sys.stderr)
            missing += 1
    return 1 if missing else 0


def _is_fetched(folder: Path, package: dict[str, object]) -> bool:
    stamp = folder / STAMP
    return stamp.is_file() and stamp.read_text() == f"{package['integrity']}\n"


def _fetch(name: str, package: dict[str, str], folder: Path) -> str:
    """Fetch one package. Returns what went wrong, "" for nothing."""
    npm = shutil.which("npm")
    if npm is None:
        return f"npm is needed to fetch {name} (Debian: apt-get install npm); the pages of the API document lack it"
    with tempfile.TemporaryDirectory() as place:
        command = [npm, "pack", "--silent", f"{name}@{package['version']}", "--pack-destination", place]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=place)
        if ran.returncode:
            return f"npm could not fetch {name}: {ran.stderr.strip() or ran.stdout.strip()}"
        archive = next(Path(place).glob("*.tgz"))
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != package["integrity"]:
            return f"{name} is not what tools/assets.toml says: sha512-{digest}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with tarfile.open(archive) as opened:
            for file in package["files"]:
                source = opened.extractfile(f"package/{file}")
                assert source is not None
                (folder / Path(file).name).write_bytes(source.read())
        (folder / STAMP).write_text(f"{package['integrity']}\n")
    print(f"assets: fetched {name} {package['version']}")
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
