"""`spica assets build`: every file of `app/assets` under a name with the hash of its content, and compressed.

Rules of this file:
- What a stylesheet names is built before it: the addresses in it are part of its content, and so of its name.
- A file is written whole or not at all, the manifest last: a build that is killed breaks nothing, nor do two at once.
- Files of earlier builds stay until `clean`: pages that browsers still show name them.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from spica.assets.errors import AssetReferenceError
from spica.assets.manifest import NAME, Asset, Manifest, read_manifest, write_manifest, write_whole
from spica.assets.sources import FOLDER, OUTPUT, PREFIX, find_source, list_sources
from spica.assets.stylesheet import find_references, rewrite
from spica.errors import closest

CODINGS = {"br": "br", "gzip": "gz", "zstd": "zst"}
"""The codings of compressed siblings, with the suffixes that the server looks for."""
_COMPRESSED = frozenset(
    ".css .csv .html .ico .js .json .map .mjs .otf .svg .txt .ttf .wasm .webmanifest .xml .yaml".split()  # noqa: SIM905
)
_WORTH_OCTETS = 256
_DIGITS = 16


class Built(NamedTuple):
    """One built asset: its name, its address, its octets, and those of each compressed form by suffix."""

    name: str
    path: str
    size: int
    sizes: dict[str, int]


def build_assets(root: Path) -> list[Built]:
    """Build the assets of a project.

    Args:    root: the project's folder.
    Returns: all of them, in the order of their names.
    Raises:  AssetReferenceError; BrokenManifestError; OSError.
    """
    output = root / OUTPUT
    before = read_manifest(output)
    build = _Build(root)
    built = [build.write(name, output) for name in list_sources(root / FOLDER)]
    files = {file for one in built for file in _files_of(one)}
    kept = {file for file in (before.files if before else ()) if (output / file).is_file()}
    write_manifest(output, Manifest(build.assets, sorted(files | kept)))
    return built


def clean_assets(root: Path, *, everything: bool = False) -> list[str]:
    """Remove the files of earlier builds, which the manifest no longer names; or all that builds have written.

    Returns: the names of what was removed, below public/assets.
    Raises:  BrokenManifestError; OSError.
    """
    output = root / OUTPUT
    manifest = read_manifest(output)
    if manifest is None:
        return []
    names = [asset.path.removeprefix(PREFIX) for asset in manifest.assets.values()]
    current = set() if everything else {*names} | {f"{name}.{end}" for name in names for end in _ENDS}
    removed = [file for file in manifest.files if file not in current]
    for file in removed:
        (output / file).unlink(missing_ok=True)
    if everything:
        (output / NAME).unlink()
        for draft in output.rglob(".*.tmp"):  # of builds that were killed
            draft.unlink()
    else:
        write_manifest(output, Manifest(manifest.assets, [file for file in manifest.files if file in current]))
    for folder in sorted({(output / file).parent for file in removed}, reverse=True):
        _remove_empty(folder, output)
    return removed


def fingerprint(content: bytes) -> str:
    """The hash in a name: 16 hex digits, and more where the server would take those for a date or a word."""
    digest = hashlib.sha256(content).hexdigest()
    for digits in range(_DIGITS, len(digest)):
        if any(one.isdigit() for one in digest[:digits]) and any(one.isalpha() for one in digest[:digits]):
            return digest[:digits]
    return digest


def integrity(content: bytes) -> str:
    """What `integrity=` of a script or link says of its content."""
    return f"sha384-{b64encode(hashlib.sha384(content).digest()).decode()}"


def write_compressed(path: Path, content: bytes) -> dict[str, int]:
    """Write the compressed siblings of a file, those that are smaller; older ones of it are replaced.

    Returns: their octets by suffix.
    Raises:  OSError.
    """
    # Lazy: the rest of this package also runs on a core that was built without encoders for tools.
    from spica._core import encode_smallest

    sizes: dict[str, int] = {}
    if path.suffix not in _COMPRESSED or len(content) < _WORTH_OCTETS:
        return sizes
    stat = path.stat()
    for coding, suffix in CODINGS.items():
        encoded = encode_smallest(content, coding)  # type: ignore[arg-type]  # the keys of CODINGS
        if len(encoded) >= len(content):
            continue
        sibling = path.with_name(f"{path.name}.{suffix}")
        write_whole(sibling, encoded)
        # The server passes over siblings that are older than their original.
        os.utime(sibling, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        sizes[suffix] = len(encoded)
    return sizes


_ENDS = tuple(CODINGS.values())


class _Build:
    """One build: contents and addresses by name, each made once."""

    def __init__(self, root: Path) -> None:
        self.assets: dict[str, Asset] = {}
        self._root = root
        self._contents: dict[str, bytes] = {}
        self._open: list[str] = []

    def write(self, name: str, output: Path) -> Built:
        """Write one asset and its siblings, unless they are there from an earlier build."""
        path = self._address(name)
        content = self._contents[name]
        file = output / path.removeprefix(PREFIX)
        if not (file.is_file() and file.read_bytes() == content):
            write_whole(file, content)
            return Built(name, path, len(content), write_compressed(file, content))
        siblings = {end: file.with_name(f"{file.name}.{end}") for end in _ENDS}
        sizes = {end: one.stat().st_size for end, one in siblings.items() if one.is_file()}
        if len(sizes) < len(siblings):
            sizes = write_compressed(file, content)
        return Built(name, path, len(content), sizes)

    def _address(self, name: str) -> str:
        """The address of an asset, and its content in `_contents`."""
        known = self.assets.get(name)
        if known is not None:
            return known.path
        content = (self._root / FOLDER / name).read_bytes()
        if name.endswith(".css"):
            content = self._rewrite(name, content.decode("utf-8")).encode()
        stem, dot, suffix = name.rpartition(".")
        path = (
            f"{stem}-{fingerprint(content)}.{suffix}" if dot and "/" not in suffix else f"{name}-{fingerprint(content)}"
        )
        self._contents[name] = content
        self.assets[name] = Asset(PREFIX + path, integrity(content))
        return PREFIX + path

    def _rewrite(self, name: str, text: str) -> str:
        self._open.append(name)
        for reference in find_references(name, text):
            where = f"{(FOLDER / name).as_posix()}:{reference.line}  {text.splitlines()[reference.line - 1].strip()}"
            if reference.name in self._open:
                circle = " imports ".join([*self._open[self._open.index(reference.name) :], reference.name])
                raise AssetReferenceError("stylesheets import each other", where=where, why=circle, fix="take one away")
            if find_source(self._root / FOLDER, reference.name) is None:
                near = closest(reference.name, list_sources(self._root / FOLDER))
                raise AssetReferenceError(
                    f"there is no asset {reference.name!r}, which {name} names as {reference.written!r}",
                    where=where,
                    why="relative addresses start from the stylesheet's folder in app/assets",
                    fix=f"did you mean {near[0]!r}?"
                    if near
                    else f"put it there, or a public file at /{reference.name}",
                )
        rewritten = rewrite(name, text, self._address)
        self._open.pop()
        return rewritten


def _files_of(built: Built) -> Iterator[str]:
    file = built.path.removeprefix(PREFIX)
    yield file
    yield from (f"{file}.{end}" for end in built.sizes)


def _remove_empty(folder: Path, top: Path) -> None:
    while folder != top.parent and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
