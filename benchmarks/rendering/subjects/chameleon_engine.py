"""Chameleon."""

from __future__ import annotations

from chameleon import PageTemplate

from benchmarks.rendering import pages

FORTUNES = (
    "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>"
    '<tr tal:repeat="fortune fortunes"><td>${fortune.id}</td><td>${fortune.message}</td></tr></table></body></html>'
)
BADGE = """<span class="badge">${'active' if row.active else 'inactive'}</span>"""
STAT = """<div class="stat"><b>${label}</b> ${value}</div>"""
PAGE = """<table>
<tr tal:repeat="row rows" class="${'odd' if repeat.row.number % 2 else 'even'}"><td>${row.id}</td>\
<td><a href="${url_of(row.id)}">${row.name}</a></td><td>${row.email.upper()}</td>\
<td metal:use-macro="badge"/><td tal:define="label 'Score'; value row.score"><div metal:use-macro="stat"/></td></tr>
</table>
"""


class Subject:
    async def open(self, url: str) -> None:
        self._fortunes, self._page = PageTemplate(FORTUNES), PageTemplate(PAGE)
        self._parts = {"badge": PageTemplate(f"<td>{BADGE}</td>"), "stat": PageTemplate(STAT)}

    async def close(self) -> None:
        pass

    async def fortunes(self, number: int) -> str:
        return self._fortunes(fortunes=pages.fortunes)

    async def page(self, number: int) -> str:
        return self._page(rows=pages.rows, url_of=pages.url_of, **self._parts)
