"""Compiled templates on disk: what a process compiled, the next one loads.

Rules of this file:
- An entry is used only when every file that the template was made of has the content it had then, when no other file
  has come into its place, and when Spica, Python and the helpers' names are the same. Otherwise it counts as missing.
- An entry is written under another name and then renamed, with a digest in front: nobody reads half of one, and of two
  processes that write the same one either is right.
- A folder that can't be written or made is no mistake: templates are compiled then, as without it.
- Loading runs what the folder holds, as Python does with `__pycache__`. So a folder is only trusted when nobody may
  write to it but those who may change the templates: its owner is this user, root, or the templates' owner.
"""

from __future__ import annotations

import ast
import contextlib
import marshal
import os
import secrets
import stat
import sys
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from types import CodeType
from typing import Any

import spica
from spica.templates.errors import TemplateError
from spica.templates.functions import wants_context
from spica.templates.generation import Generated
from spica.templates.library import Library
from spica.templates.lines import LineMap, Segment
from spica.templates.nodes import Parameter
from spica.templates.scopes import Input
from spica.templates.source import Place, Source

_MAGIC = b"spica compiled template 1\n"
_DIGEST_BYTES = 20
_SUFFIX = ".tpl"


class CompiledFiles:
    """The compiled templates of one `Templates` in a folder.

    Args: folder: made when it is first written to; library: what the templates are compiled with.
    """

    def __init__(self, folder: Path, library: Library) -> None:
        self._folder = folder
        self._library = library
        self._surroundings = _describe_surroundings(library)
        self._is_usable = True
        self.used: set[str] = set()  # names of entries that were loaded or written
        self.problem = ""  # why nothing is kept, "" when it is

    def load(self, key: str) -> tuple[Generated, CodeType] | None:
        """An entry that is still right; None when there is none."""
        path = self._path(key)
        if not self._is_trusted():
            return None
        try:
            content = path.read_bytes()
        except OSError:
            return None
        head = len(_MAGIC) + _DIGEST_BYTES
        if content[: len(_MAGIC)] != _MAGIC or _digest(content[head:]) != content[len(_MAGIC) : head]:
            return None
        found = self._restore(marshal.loads(content[head:]))  # noqa: S302  see the rules above
        if found is not None:
            self.used.add(path.name)
        return found

    def save(self, key: str, generated: Generated, code: CodeType) -> None:
        """Write an entry; a folder that can't be written is noted in `problem`."""
        if not self._is_usable:
            return
        path = self._path(key)
        payload = marshal.dumps(_describe(generated, code))
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_trusted():
                return
            with draft.open("xb") as file:
                file.write(_MAGIC + _digest(payload) + payload)
            draft.replace(path)
        except OSError as error:
            self._is_usable = False
            self.problem = f"{self._folder} can't be written: {error.strerror}"
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            return
        self.used.add(path.name)

    def prune(self) -> int:
        """Remove entries that nothing has loaded or written. Returns: how many."""
        old = [path for path in self._folder.glob(f"*{_SUFFIX}") if path.name not in self.used]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _path(self, key: str) -> Path:
        return self._folder / (_digest(key.encode() + b"\0" + self._surroundings).hex() + _SUFFIX)

    def _is_trusted(self) -> bool:
        if not self._is_usable:
            return False
        try:
            status = self._folder.stat()
        except OSError:
            return False
        owners = {0, os.geteuid()}
        for root in self._library.loader.roots[:1]:
            with contextlib.suppress(OSError):
                owners.add(root.stat().st_uid)
        if status.st_uid not in owners or status.st_mode & stat.S_IWOTH:
            self._is_usable = False
            self.problem = f"{self._folder} belongs to somebody else, or everyone may write to it"
        return self._is_usable

    def _restore(self, data: Any) -> tuple[Generated, CodeType] | None:
        files, missing, parameters, inputs, segments, names, gives_contents, code = data
        sources = []
        for name, path, digest in files:
            source = self._current(name)
            if source is None or str(source.path) != path or source.digest != digest:
                return None
            sources.append(source)
        if any(self._library.has(name) for name in missing):
            return None
        lines = LineMap.restore([Segment(sources[number], base, parent) for number, base, parent in segments])
        generated = Generated(
            tree=ast.Module([], []),
            constants=frozenset(names),
            inputs=[
                Input(name, "", Place(sources[number], line, column), 0, required=required)
                for name, number, line, column, required in inputs
            ],
            lines=lines,
            sources=sources,
            parameters=_restore_parameters(parameters, sources[0]),
            missing=frozenset(missing),
            gives_contents=gives_contents,
        )
        return generated, code

    def _current(self, name: str) -> Source | None:
        try:
            return self._library.source(name)
        except TemplateError:
            return None


def _describe(generated: Generated, code: CodeType) -> tuple[Any, ...]:
    numbers: Mapping[str, int] = {source.name: number for number, source in enumerate(generated.sources)}
    return (
        [(source.name, str(source.path), source.digest) for source in generated.sources],
        sorted(generated.missing),
        None
        if generated.parameters is None
        else [
            (one.place.line, one.place.column, one.name, one.type, one.default and ast.unparse(one.default))
            for one in generated.parameters
        ],
        [
            (one.name, numbers[one.place.source.name], one.place.line, one.place.column, one.required)
            for one in generated.inputs
        ],
        [(numbers[one.source.name], one.base, one.parent_line) for one in generated.lines.segments],
        sorted(generated.constants),
        generated.gives_contents,
        code,
    )


def _restore_parameters(parameters: Any, source: Source) -> list[Parameter] | None:
    if parameters is None:
        return None
    return [
        Parameter(Place(source, line, column), name, kind, default and ast.parse(default, mode="eval").body)
        for line, column, name, kind, default in parameters
    ]


def _describe_surroundings(library: Library) -> bytes:
    """What all templates are compiled with, besides their files."""
    package = Path(__file__).parent
    compiler = sorted(
        (path.name, status.st_mtime_ns, status.st_size) for path in package.rglob("*.py") for status in (path.stat(),)
    )
    helpers = [
        sorted((name, wants_context(value), callable(value)) for name, value in kind.items())
        for kind in (library.globals, library.filters)
    ]
    folders = [[str(path) for path in paths] for paths in (library.loader.roots, library.loader.components)]
    described = (
        spica.__version__,
        sys.version,
        compiler,
        helpers,
        folders,
        sorted(library.checks),
        sorted(library.of_request),
    )
    return _digest(repr(described).encode())


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST_BYTES).digest()
