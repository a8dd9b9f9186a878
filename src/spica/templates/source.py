"""One template file's text, and places in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

ERB, HANDLEBARS = ".erb", ".hbs"


@dataclass(frozen=True, eq=False)
class Source:
    """The text of one template.

    Args: name: as given to `render`, e.g. "posts/index"; path: its file; text: the content, newlines as `\\n`;
          stamp: what the file had when it was read, see `loader.stamp`.
    """

    name: str
    path: Path
    text: str
    stamp: tuple[int, int] = (0, -1)

    @cached_property
    def line_starts(self) -> list[int]:
        """Offset of the first character of each line."""
        starts = [0]
        starts.extend(match.end() for match in re.finditer("\n", self.text))
        return starts

    @cached_property
    def digest(self) -> bytes:
        """What changes with the text."""
        return blake2b(self.text.encode("utf-8", "surrogatepass"), digest_size=20).digest()

    @property
    def lines(self) -> int:
        """How many lines the text has, the empty one after a last newline included."""
        return len(self.line_starts)

    def place(self, offset: int) -> Place:
        """The place of a character, by its offset in the text."""
        line = bisect_right(self.line_starts, offset)
        return Place(self, line, offset - self.line_starts[line - 1] + 1)

    def line_text(self, line: int) -> str:
        """One line without its newline; "" beyond the end."""
        if not 1 <= line <= self.lines:
            return ""
        start = self.line_starts[line - 1]
        end = self.text.find("\n", start)
        return self.text[start:] if end < 0 else self.text[start:end]


@dataclass(frozen=True, slots=True)
class Place:
    """A line and column of a template, both from 1, columns in characters."""

    source: Source
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.source.path}:{self.line}:{self.column}"

    def excerpt(self) -> str:
        """The place, its line and a caret under the column: three lines of text."""
        text = self.source.line_text(self.line)
        before = "".join("\t" if character == "\t" else " " for character in text[: self.column - 1])
        return f"{self}\n  {text}\n  {before}^"

    @property
    def byte_column(self) -> int:
        """The column as Python's `ast` counts: from 0, in UTF-8 bytes."""
        return len(self.source.line_text(self.line)[: self.column - 1].encode())
