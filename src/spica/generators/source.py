"""Text of generated files: the stored templates in `files/` with names put in, laid out as the formatter leaves it.

Rules of this file:
- A template is `string.Template` text: `$name` is replaced, `$$` is a dollar, braces are plain text.
- A `$name` alone on its line is a block: it takes the line's indentation, and an empty block takes the line away.
- Python source comes out as `ruff format` leaves it at LINE_LENGTH, so nothing runs a formatter at generation time.
"""

from __future__ import annotations

import functools
import re
import string
from collections.abc import Iterable, Sequence
from pathlib import Path

from spica.generators.field_types import Import

LINE_LENGTH = 100  # [tool.ruff] of the generated pyproject.toml says the same
FILES = Path(__file__).parent / "files"
# Where imports of generated modules come from, in isort's order: standard library, installed, the project itself.
_INSTALLED = ("pytest", "spica")
_PROJECT = ("app", "config", "db", "main", "tests")

_BLOCK = re.compile(r"^([ \t]*)\$(\w+)\n", re.MULTILINE)


def render(template: str, /, **values: str) -> str:
    """Fill a stored template.

    Args:    template: path under `files/` without the `.tmpl` suffix; values: the text of each name.
    Returns: the file's text.
    Raises:  KeyError for a name without a value: a mistake in the template, found by its test.
    """
    text = _BLOCK.sub(lambda match: _indent(values[match[2]], match[1]), _load(template))
    return string.Template(text).substitute(values)


def render_call(head: str, arguments: Sequence[str], *, indent: int, tail: str = "") -> str:
    """Write a Python call as the formatter would: on one line, on three, or an argument a line.

    Args:    head: what stands before the parenthesis; arguments: source of each; indent: columns that the block will
             be moved right by `render`; tail: what follows the closing parenthesis.
    Returns: the call, as lines that start at column 0.
    """
    one_line = f"{head}({', '.join(arguments)}){tail}"
    if indent + len(one_line) <= LINE_LENGTH:
        return one_line
    joined = f"    {', '.join(arguments)}"
    if indent + len(joined) <= LINE_LENGTH:
        return f"{head}(\n{joined}\n){tail}"
    return f"{head}(\n" + "".join(f"    {argument},\n" for argument in arguments) + f"){tail}"


def render_dict(items: Sequence[str], *, head: str, tail: str = "", indent: int = 4) -> str:
    """Write a dict display as the formatter would; `items` are `"key": value` sources. See `render_call`."""
    one_line = f"{head}{{{', '.join(items)}}}{tail}"
    if indent + len(one_line) <= LINE_LENGTH:
        return one_line
    return f"{head}{{\n" + "".join(f"    {item},\n" for item in items) + f"}}{tail}"


def render_imports(imports: Iterable[Import]) -> str:
    """Write import lines, grouped and sorted as isort does.

    Args:    imports: (module, name) pairs in any order, repeats allowed; the name "" imports the module itself.
    Returns: lines with a blank one between groups, no newline at the end; "" for none.
    """
    modules: dict[str, set[str]] = {}
    for module, name in imports:
        modules.setdefault(module, set()).add(name)
    groups: list[list[str]] = [[], [], []]
    for module in sorted(modules, key=lambda module: (modules[module] != {""}, module)):  # isort: import before from
        names = sorted(modules[module] - {""}, key=_isort_key)
        groups[import_group(module)].append(f"from {module} import {', '.join(names)}" if names else f"import {module}")
    return "\n\n".join("\n".join(group) for group in groups if group)


def import_group(module: str) -> int:
    """Which group of import lines a module stands in: 0 the standard library, 1 what is installed, 2 the project."""
    package = module.partition(".")[0]
    return 2 if package in _PROJECT else 1 if package in _INSTALLED else 0


def _isort_key(name: str) -> tuple[int, str]:
    kind = 0 if name.isupper() else 1 if name[:1].isupper() else 2
    return kind, name


def _indent(block: str, indentation: str) -> str:
    escaped = block.replace("$", "$$")
    return "".join(f"{indentation}{line}\n" if line else "\n" for line in escaped.split("\n")) if block else ""


@functools.cache
def _load(template: str) -> str:
    return (FILES / f"{template}.tmpl").read_text(encoding="utf-8")
