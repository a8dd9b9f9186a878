"""Jinja2."""

from __future__ import annotations

import jinja2

from benchmarks.rendering import jinja, pages


class Subject:
    async def open(self, url: str) -> None:
        loader = jinja2.DictLoader(jinja.SOURCES)
        environment = jinja2.Environment(loader=loader, autoescape=True, auto_reload=False)
        environment.globals["url_of"] = pages.url_of
        self._fortunes = environment.get_template("fortunes.html")
        self._page = environment.get_template("page.html")

    async def close(self) -> None:
        pass

    async def fortunes(self, number: int) -> str:
        return self._fortunes.render(fortunes=pages.fortunes)

    async def page(self, number: int) -> str:
        return self._page.render(rows=pages.rows)
