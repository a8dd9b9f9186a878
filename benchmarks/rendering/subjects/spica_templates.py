"""Spica."""

from __future__ import annotations

from pathlib import Path

from benchmarks.rendering import pages
from spica import Templates


class Subject:
    async def open(self, url: str) -> None:
        views = Path(__file__).parent.parent / "views"
        self._templates = Templates(views, globals={"url_of": pages.url_of})

    async def close(self) -> None:
        pass

    async def fortunes(self, number: int) -> str:
        return self._templates.render("fortunes", fortunes=pages.fortunes)

    async def page(self, number: int) -> str:
        return self._templates.render("page", rows=pages.rows)
