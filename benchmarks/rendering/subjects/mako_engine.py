"""Mako."""

from __future__ import annotations

from mako.lookup import TemplateLookup

from benchmarks.rendering import pages

FORTUNES = (
    "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>\\\n"
    "% for fortune in fortunes:\n<tr><td>${fortune.id}</td><td>${fortune.message}</td></tr>\\\n% endfor\n"
    "</table></body></html>"
)
PAGE = """<%def name="stat(label, value)"><div class="stat"><b>${label}</b> ${value}</div></%def>\\
<table>
% for index, row in enumerate(rows, 1):
<tr class="${'odd' if index % 2 else 'even'}"><td>${row.id}</td><td><a href="${url_of(row.id)}">${row.name}</a></td>\\
<td>${row.email.upper()}</td><td><%include file="badge.html" args="active=row.active"/></td>\\
<td>${stat("Score", row.score)}</td></tr>
% endfor
</table>
"""
BADGE = '<%page args="active"/><span class="badge">${"active" if active else "inactive"}</span>'


class Subject:
    async def open(self, url: str) -> None:
        self._lookup = TemplateLookup(default_filters=["h"])
        for name, text in (("fortunes.html", FORTUNES), ("page.html", PAGE), ("badge.html", BADGE)):
            self._lookup.put_string(name, text)

    async def close(self) -> None:
        pass

    async def fortunes(self, number: int) -> str:
        return self._lookup.get_template("fortunes.html").render(fortunes=pages.fortunes)

    async def page(self, number: int) -> str:
        return self._lookup.get_template("page.html").render(rows=pages.rows, url_of=pages.url_of)
