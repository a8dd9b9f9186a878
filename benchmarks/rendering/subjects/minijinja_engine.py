"""MiniJinja, which is written in Rust."""

from __future__ import annotations

import minijinja

from benchmarks.rendering import jinja, pages


class Subject:
    async def open(self, url: str) -> None:
        self._environment = minijinja.Environment(templates=jinja.SOURCES)
        self._environment.add_global("url_of", pages.url_of)

    async def close(self) -> None:
        pass

    async def fortunes(self, number: int) -> str:
        return self._environment.render_template("fortunes.html", fortunes=pages.fortunes)

    async def page(self, number: int) -> str:
        return self._environment.render_template("page.html", rows=pages.rows)
