"""Line numbers of a function that is made of several files.

A page, the layouts it extends and the templates it includes become one Python function, and a function has one file
name. So each further file gets its own range of line numbers, beyond the real lines of the page: a segment. The
traceback stage turns such a number back into a file and a line, and into the chain of tags that led there.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from spica.templates.source import Source


@dataclass(frozen=True, slots=True)
class Segment:
    """One file at one place: line n of the file is line `base + n` of the function.

    Args: source: the file; base: see above; parent_line: the function's line that placed it, 0 for the page.
    """

    source: Source
    base: int
    parent_line: int = 0

    @property
    def is_page(self) -> bool:
        """Whether the function's line numbers are this file's own."""
        return self.base == 0


class LineMap:
    """All segments of one function.

    Args: page: the template that the function is compiled for; its lines keep their numbers.
    """

    def __init__(self, page: Source) -> None:
        self.segments = [Segment(page, 0)]
        self._bases = [0]
        self._next = page.lines + 1

    @classmethod
    def restore(cls, segments: list[Segment]) -> LineMap:
        """The map that had these segments, the page's first; nothing is added to it."""
        found = cls.__new__(cls)
        found.segments = segments
        found._bases = [segment.base for segment in segments]
        return found

    @property
    def page(self) -> Segment:
        """The segment of the template itself."""
        return self.segments[0]

    def add(self, source: Source, parent_line: int) -> Segment:
        """Give a file, placed by the tag on a line of the function, its own range."""
        segment = Segment(source, self._next, parent_line)
        self._next += source.lines + 1
        self.segments.append(segment)
        self._bases.append(segment.base)
        return segment

    def locate(self, line: int) -> tuple[Segment, int]:
        """The segment and the file's own line for a line of the function."""
        segment = self.segments[bisect_right(self._bases, line - 1) - 1]
        return segment, line - segment.base

    def trail(self, line: int) -> list[tuple[Segment, int]]:
        """From the page to the line: each tag that placed a file, then the line itself, lines as in the files."""
        steps: list[tuple[Segment, int]] = []
        while True:
            segment, own_line = self.locate(line)
            steps.append((segment, own_line))
            if segment.is_page:
                return steps[::-1]
            line = segment.parent_line
