"""What commands write to a terminal: colours where a person reads, plain text everywhere else."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Self, TextIO

_CODES = {"green": "32", "yellow": "33", "red": "31", "blue": "34", "dim": "2", "bold": "1"}


def has_colours(stream: TextIO) -> bool:
    """Whether to colour what goes to a stream: a terminal that can, and a user who did not set NO_COLOR.

    Source:  https://no-color.org
    """
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    """Colour a text for a stream, standard output by default; the text itself when the stream has no colours."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if has_colours(stream or sys.stdout) else text


class ProgressLine:
    """A line that says how far something is: each text takes the place of the one before, and the last one goes when
    the block ends. It is written to standard error, and only where a person watches."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_watched = self._stream.isatty() and os.environ.get("TERM") != "dumb"

    def show(self, text: str) -> None:
        """Write a text, which should be shorter than a line."""
        if self._is_watched:
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.show("")
