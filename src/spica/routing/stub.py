"""The stub of an application's path helpers, so that editors complete them and type checkers check their arguments.

    app/paths.py       from spica import paths, urls         what runs; written once
    app/paths.pyi      class _Paths: def post(self, id, ...)  what type checkers read; written anew with the routes

Rules of this file:
- `paths` and `urls` of Spica itself lead anywhere, so a checker can say nothing about them; those of `app.paths` are
  the same objects, with the names of one application.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from pathlib import Path

from spica.routing.pattern import PathParameter
from spica.routing.urls import DirectHelper, Helper, PathHelper

MODULE = Path("app/paths.py")
STUB = Path("app/paths.pyi")

MODULE_TEXT = '''"""The application's path helpers, under the names that app/paths.pyi tells editors and type
checkers."""

from spica import paths, urls

__all__ = ["paths", "urls"]
'''
_HEAD = """# Written by `spica generate`, `spica routes --stub`, and `spica dev` when the routes change.
# ruff: noqa
# fmt: off
from datetime import date
from typing import Any, Literal, Protocol
from uuid import UUID

from spica.http.request import Request

class _HasParam(Protocol):
    def to_param(self) -> object: ...

class _HasId(Protocol):
    @property
    def id(self) -> Any: ...

_Param = str | int | UUID | _HasParam | _HasId
"""
_TYPES = {
    "int": "int | _HasParam | _HasId",
    "float": "float | str",
    "uuid": "UUID | str",
    "date": "date | str",
    "slug": "str | _HasParam",
    "path": "str",
    "str": "_Param",
}


def render_stub(helpers: Iterable[Helper]) -> str:
    """Render app/paths.pyi."""
    known = sorted(helpers, key=lambda helper: helper.name)
    lines = [_HEAD]
    for kind, with_host in (("_Paths", False), ("_Urls", True)):
        lines.append(f"class {kind}:")
        lines += [f"    def {helper.name}({_parameters(helper, with_host)}) -> str: ..." for helper in known]
        lines += ["    def for_request(self, request: Request) -> _Urls: ...", ""]
    return "\n".join([*lines, "paths: _Paths", "urls: _Urls", ""])


def write_stub(root: Path, helpers: Iterable[Helper]) -> bool:
    """Write both files of a project. Returns whether something was written."""
    wanted = {root / STUB: render_stub(helpers)}
    if not (root / MODULE).is_file():
        wanted[root / MODULE] = MODULE_TEXT
    written = False
    for path, text in wanted.items():
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)
            written = True
    return written


def _parameters(helper: Helper, with_host: bool) -> str:
    if isinstance(helper, DirectHelper):
        return _direct_parameters(helper)
    return ", ".join(["self", *_path_parameters(helper, with_host)])


def _path_parameters(helper: PathHelper, with_host: bool) -> list[str]:
    parameters = helper.pattern.parameters
    names = [f"{one.name}: {_type(one)}" for one in parameters if not one.in_host]
    keywords = [f"{one.name}: {_type(one)}{'' if with_host else ' = ...'}" for one in parameters if one.in_host]
    if helper.formats:
        keywords.append(f"format: {_literal(helper.formats)} | None = ...")
    return [*names, *(["*", *keywords] if keywords else []), "**query: Any"]


def _type(parameter: PathParameter) -> str:
    converter = parameter.converter
    if parameter.type == "choice":
        return _literal(converter.choices)
    return _TYPES.get(parameter.type, "Any")


def _literal(choices: Iterable[str]) -> str:
    return f"Literal[{', '.join(map(repr, choices))}]"


def _direct_parameters(helper: DirectHelper) -> str:
    parts = ["self"]
    keyword_only = False
    for parameter in inspect.signature(helper.function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            parts.append("*")
            keyword_only = True
        stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(parameter.kind.name, "")
        keyword_only = keyword_only or stars == "*"
        default = "" if parameter.default is parameter.empty else " = ..."
        parts.append(f"{stars}{parameter.name}: Any{default}")
    return ", ".join(parts)
