"""Traces: an exception's frames as data, with source and redacted locals, for the debug page."""

from __future__ import annotations

import linecache
import sysconfig
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

from spica.telemetry.redaction import describe

_CONTEXT_LINES = 5
_MAX_LOCALS = 40
_SPICA = str(Path(__file__).resolve().parents[1])
_LIBRARIES = (sysconfig.get_path("purelib"), sysconfig.get_path("stdlib"))


@dataclass(frozen=True, slots=True)
class TraceFrame:
    """One frame: where it is, the source around its line, and what its names held.

    `lines` are (number, text); `is_own` tells the application's code from libraries and Spica.
    """

    file: str
    line: int
    function: str
    lines: tuple[tuple[int, str], ...]
    locals: tuple[tuple[str, str], ...]
    is_own: bool


def read_frames(error: BaseException) -> list[TraceFrame]:
    """Read the frames of an exception, innermost first; those of its template come as the template's lines."""
    return [_read_frame(frame, line) for frame, line in reversed(list(_walk(error.__traceback__)))]


def list_causes(error: BaseException) -> list[BaseException]:
    """The exception and what caused it, in that order, each once."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain


def render_text(error: BaseException) -> str:
    """The traceback as the console shows it, without locals."""
    return "".join(traceback.format_exception(error))


def _walk(trace: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next


def _read_frame(frame: FrameType, line: int) -> TraceFrame:
    file = frame.f_code.co_filename
    first = max(1, line - _CONTEXT_LINES)
    numbered = [(number, linecache.getline(file, number)) for number in range(first, line + _CONTEXT_LINES + 1)]
    values = _locals(frame)
    return TraceFrame(
        file=_shorten(file),
        line=line,
        function=frame.f_code.co_qualname,
        lines=tuple((number, text.rstrip("\n")) for number, text in numbered if text),
        locals=tuple((name, describe(name, values[name])) for name in list(values)[:_MAX_LOCALS]),
        is_own=not file.startswith((_SPICA, *_LIBRARIES, "<")),
    )


def _locals(frame: FrameType) -> dict[str, object]:
    # Here and not above: it needs the template compiler, which an application without templates never loads.
    from spica.templates.traceback import template_locals

    found = template_locals(frame) or frame.f_locals
    return {name: value for name, value in found.items() if name.isidentifier() and not name.startswith("__")}


def _shorten(file: str) -> str:
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except ValueError:
        return file
