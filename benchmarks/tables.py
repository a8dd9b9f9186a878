"""Tables as Markdown that also reads well in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

ABSENT = "-"


def render_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Render a table: the first column to the left, the others to the right, all padded to their widest cell."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_render_row(row, widths) for row in [header, rule, *rows])


def _render_row(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.ljust(width) if column == 0 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "| " + " | ".join([first, *others]) + " |"


def render_number(value: float | None, digits: int = 0) -> str:
    """Render a number with separators for thousands, None as a dash."""
    return ABSENT if value is None else f"{value:,.{digits}f}"


def render_significant(value: float | None) -> str:
    """Render a ratio or another number whose size is not known before: three digits that matter, None as a dash."""
    if value is None:
        return ABSENT
    size = abs(value)
    return render_number(value, 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 else 3)
