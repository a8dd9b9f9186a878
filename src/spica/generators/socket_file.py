"""The project's socket: where it is, and how a channel is put into its `channels = [...]` and taken out again.

Rules of this file:
- The socket is the one that config/routes.py names in its first `r.socket(...)`; without one, it is SOCKET.
- The list is edited in the text, as `import_lines.py` does; one that is no plain list is left to the user.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

from spica.generators.import_lines import add_import, remove_import
from spica.generators.routes_file import ROUTES, Imported
from spica.generators.source import LINE_LENGTH

SOCKET = Imported("app.channels.user_socket", "UserSocket")
ADDRESS = "/socket"


class SocketFile(NamedTuple):
    """Where a project's socket is: its class, the path of its module, and the address that pages connect to."""

    socket: Imported
    path: str
    address: str


def find_socket(root: Path) -> SocketFile:
    """Find the socket of a project, or say where it will be."""
    path = root / ROUTES
    try:
        tree = ast.parse(path.read_text(encoding="utf-8") if path.is_file() else "")
    except SyntaxError:  # told by what puts the route in
        tree = ast.parse("")
    modules = {
        name.asname or name.name: Imported(node.module or "", name.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="socket"), args=[ast.Constant(value=str() as address), ast.Name(id=name), *_]
            ) if name in modules:
                return _place(modules[name], address)
    return _place(SOCKET, ADDRESS)


def add_channel(source: str, socket: str, channel: Imported) -> str | None:
    """Put a channel into a socket's list, and import it; None when there is no plain list to put it into."""
    channels = _find_list(source, socket)
    if channels is None:
        return None
    if _names(channels).count(channel.name):
        return add_import(source, *channel)
    lines = source.splitlines()
    if not channels.elts:
        line = channels.lineno - 1
        lines[line] = f"{lines[line][: channels.col_offset]}[{channel.name}]{lines[line][channels.end_col_offset :]}"
    else:
        last = channels.elts[-1]
        line, column = (last.end_lineno or last.lineno) - 1, last.end_col_offset or 0
        if channels.lineno == channels.end_lineno:
            lines[line] = f"{lines[line][:column]}, {channel.name}{lines[line][column:]}"
            if len(lines[line]) > LINE_LENGTH:
                lines[line : line + 1] = _one_a_line(lines[line], channels, [*_names(channels), channel.name])
        else:
            indent = " " * last.col_offset
            lines[line : line + 1] = [
                f"{lines[line][:column]},",
                f"{indent}{channel.name}{lines[line][column:] or ','}",
            ]
    return add_import("\n".join(lines) + "\n", *channel)


def remove_channel(source: str, socket: str, channel: Imported) -> str | None:
    """Take a channel out of a socket's list, and its import; None when it is in none."""
    channels = _find_list(source, socket)
    if channels is None or channel.name not in _names(channels):
        return None
    lines = source.splitlines()
    left = [name for name in _names(channels) if name != channel.name]
    first, last = channels.lineno - 1, (channels.end_lineno or channels.lineno) - 1
    head, tail = lines[first][: channels.col_offset], lines[last][channels.end_col_offset or 0 :]
    line = f"{head}[{', '.join(left)}]{tail}"
    lines[first : last + 1] = [line] if len(line) <= LINE_LENGTH else _one_a_line(line, channels, left)
    return remove_import("\n".join(lines) + "\n", *channel)


def _place(socket: Imported, address: str) -> SocketFile:
    return SocketFile(socket, f"{socket.module.replace('.', '/')}.py", address)


def _find_list(source: str, socket: str) -> ast.List | None:
    """The list of names in `channels = [...]` of a class."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.ClassDef) and node.name == socket):
            continue
        for statement in node.body:
            match statement:
                case (
                    ast.Assign(targets=[ast.Name(id="channels")], value=ast.List() as found)
                    | ast.AnnAssign(target=ast.Name(id="channels"), value=ast.List() as found)
                ) if all(isinstance(one, ast.Name) for one in found.elts):
                    return found
    return None


def _names(channels: ast.List) -> list[str]:
    return [one.id for one in channels.elts if isinstance(one, ast.Name)]


def _one_a_line(line: str, channels: ast.List, names: list[str]) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()))
    return [f"{line[: channels.col_offset]}[", *(f"{indent}    {name}," for name in names), f"{indent}]"]
