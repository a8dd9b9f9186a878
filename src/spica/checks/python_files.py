"""The Python of a project, parsed: what checks read instead of running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDERS = ("app", "config", "db")
_SKIPPED = {"__pycache__", "node_modules"}


@dataclass(frozen=True, slots=True)
class PythonFile:
    """One file: its path relative to the project, its text, its tree; the tree of a file that can't be parsed is empty,
    as whoever imports it says what is wrong."""

    name: str
    text: str
    tree: ast.Module


def read_python_files(root: Path) -> list[PythonFile]:
    """Read `*.py` of the project's folder, and everything below app, config and db, by name."""
    paths = [*root.glob("*.py"), *(path for folder in FOLDERS for path in (root / folder).rglob("*.py"))]
    return [_read(path, root) for path in sorted(paths) if not _SKIPPED & set(path.parts)]


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Every call in a tree."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def last_name(node: ast.expr) -> str:
    """The name that an expression ends in: `render` of `self.render`, `Post` of `Post`; "" for anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function in a tree."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _read(path: Path, root: Path) -> PythonFile:
    name = path.relative_to(root).as_posix()
    try:
        text = path.read_text("utf-8")
        return PythonFile(name, text, ast.parse(text))
    except (OSError, ValueError, SyntaxError):
        return PythonFile(name, "", ast.Module([], []))
