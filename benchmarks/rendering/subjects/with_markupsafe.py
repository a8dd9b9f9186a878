"""Functions written by hand with markupsafe.escape, which makes an object a value."""

from __future__ import annotations

from markupsafe import escape

from benchmarks.rendering import pages
from benchmarks.rendering.subjects import by_hand


class Subject(by_hand.Subject):
    async def open(self, url: str) -> None:
        by_hand.escape = escape  # a process measures one subject

    async def fortunes(self, number: int) -> str:
        return by_hand.render_fortunes(pages.fortunes)
