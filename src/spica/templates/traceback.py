"""Makes tracebacks show template files and lines.

A function's own file needs nothing: the generated code carries its name and lines, and Python reads the source from the
file. For an included template or a layout, which are part of the same function, the one real frame is replaced by one
for each tag that led there and one for the line itself.

Source: the technique of Jinja's debug.py: a stub with the wanted file, name and place raises, its frame is kept.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import CodeType, FrameType, TracebackType
from typing import NamedTuple

from spica.templates.lines import LineMap, Segment
from spica.templates.scopes import written_name

LINES = "#lines"  # in the globals of generated code


class _Span(NamedTuple):
    line: int
    column: int
    end_line: int
    end_column: int


class _Stub(Exception):
    """Raised and caught to get a frame."""


def show_template_lines(error: BaseException) -> None:
    """Replace, in an error's traceback, frames whose line belongs to an included template or a layout.

    Args: error: caught; its `__traceback__` is changed in place.
    """
    entries: list[TracebackType] = []
    entry = error.__traceback__
    while entry is not None:
        entries.append(entry)
        entry = entry.tb_next
    rebuilt: TracebackType | None = None
    for entry in reversed(entries):
        for frame, instruction, line in reversed(_frames(entry)):
            rebuilt = TracebackType(rebuilt, frame, instruction, line)
    error.__traceback__ = rebuilt


def template_locals(frame: FrameType) -> dict[str, object]:
    """The variables of a template's frame by the names the template has for them; {} when it is no template's frame.

    Args: frame: of generated code, or one that `show_template_lines` made.
    """
    if LINES not in frame.f_globals:
        return {}
    return {name: value for key, value in frame.f_locals.items() if (name := written_name(key))}


def _frames(entry: TracebackType) -> list[tuple[FrameType, int, int]]:
    lines = entry.tb_frame.f_globals.get(LINES)
    if isinstance(lines, LineMap) and entry.tb_lineno:
        trail = lines.trail(entry.tb_lineno)
        if len(trail) > 1:
            return [_stub_frame(entry, step, is_last=step is trail[-1]) for step in trail]
    return [(entry.tb_frame, entry.tb_lasti, entry.tb_lineno)]


def _stub_frame(entry: TracebackType, step: tuple[Segment, int], *, is_last: bool) -> tuple[FrameType, int, int]:
    segment, line = step
    span = _span_of(entry, segment.base) if is_last else _whole_line(segment, line)
    code = _stub_code(segment, span)
    namespace: dict[str, object] = {"Stub": _Stub, LINES: entry.tb_frame.f_globals[LINES]}
    variables: Mapping[str, object] = template_locals(entry.tb_frame) if is_last else {}
    try:
        exec(code, namespace, dict(variables))  # noqa: S102  our own constant code: `raise Stub`
    except _Stub as stub:
        made = stub.__traceback__ and stub.__traceback__.tb_next
    assert made is not None, "the stub raises, one frame below this one"
    return made.tb_frame, made.tb_lasti, line


def _stub_code(segment: Segment, span: _Span) -> CodeType:
    name = ast.Name("Stub", ast.Load())
    statement = ast.Raise(name, None)
    for node in (name, statement):
        node.lineno, node.col_offset, node.end_lineno, node.end_col_offset = (
            span.line,
            span.column,
            span.end_line,
            span.end_column,
        )
    code = compile(ast.Module([statement], []), str(segment.source.path), "exec")
    return code.replace(co_name=segment.source.name, co_qualname=segment.source.name)


def _span_of(entry: TracebackType, base: int) -> _Span:
    """What the failing instruction covers, in its file's own lines."""
    positions = list(entry.tb_frame.f_code.co_positions())
    line, end_line, column, end_column = positions[entry.tb_lasti // 2]
    if line is None or end_line is None or column is None or end_column is None:
        return _Span(entry.tb_lineno - base, 0, entry.tb_lineno - base, 0)
    return _Span(line - base, column, end_line - base, end_column)


def _whole_line(segment: Segment, line: int) -> _Span:
    text = segment.source.line_text(line)
    return _Span(line, len(text) - len(text.lstrip()), line, len(text.encode()))
