"""Fetches the files of npm packages that Spica serves: none of them are in the repository, the wheel has them.

    python tools/assets.py            fetch what is missing or of another version
    python tools/assets.py --check    only say whether all of it is there

`tools/assets.toml` names packages, versions, the SHA-512 of each and the files that are taken. npm fetches, we verify.
The scripts of a package with `serve` become one of a fingerprinted name with compressed siblings: the core does that.
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
from typing import Any

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


def _is_fetched(folder: Path, package: dict[str, Any]) -> bool:
    stamp = folder / STAMP
    return stamp.is_file() and stamp.read_text() == _stamp(package)


def _stamp(package: dict[str, Any]) -> str:
    """What was fetched, and of what was added to it."""
    own = "".join(hashlib.sha256((ROOT / file).read_bytes()).hexdigest() + "\n" for file in package.get("own", ()))
    return f"{package['integrity']}\n{own}"


def _bundle(folder: Path, package: dict[str, Any]) -> None:
    """Join the fetched scripts and ours to one, under the name that `serve` says; the manifest tells its address."""
    sys.path.insert(0, str(ROOT / "src"))
    from spica.assets.build import fingerprint, integrity, write_compressed
    from spica.assets.manifest import Asset, Manifest, write_manifest

    name = package["serve"]
    sources = [folder / Path(file).name for file in package["files"] if file.endswith(".js")]
    parts = [source.read_text() for source in (*sources, *(ROOT / file for file in package["own"]))]
    content = "\n".join(parts).encode()
    served = folder / "public/_spica" / f"{name.removesuffix('.js')}-{fingerprint(content)}.js"
    served.parent.mkdir(parents=True)
    served.write_bytes(content)
    write_compressed(served, content)
    write_manifest(folder, Manifest({name: Asset(f"/_spica/{served.name}", integrity(content))}))
    for source in sources:
        source.unlink()


def _fetch(name: str, package: dict[str, Any], folder: Path) -> str:
    """Fetch one package. Returns what went wrong, "" for nothing."""
    npm = shutil.which("npm")
    if npm is None:
        return f"npm is needed to fetch {name} (Debian: apt-get install npm); until then Spica goes without it"
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
        if "serve" in package:
            _bundle(folder, package)
        (folder / STAMP).write_text(_stamp(package))
    print(f"assets: fetched {name} {package['version']}")
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
