"""The limit: functions written by hand that call a C escape directly, as nobody would write a page."""

from __future__ import annotations

from markupsafe._speedups import _escape_inner as escape

from benchmarks.rendering import pages
from benchmarks.rendering.pages import Fortune, Row, url_of


def render_fortunes(fortunes: list[Fortune]) -> str:
    out = ["<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>"]
    for fortune in fortunes:
        out.append(f"<tr><td>{fortune.id}</td><td>{escape(fortune.message)}</td></tr>")
    out.append("</table></body></html>")
    return "".join(out)


def render_page(rows: list[Row]) -> str:
    out = ["<table>\n"]
    for index, row in enumerate(rows, 1):
        out.append(
            f'<tr class="{"odd" if index % 2 else "even"}"><td>{row.id}</td>'
            f'<td><a href="{escape(url_of(row.id))}">{escape(row.name)}</a></td><td>{escape(row.email.upper())}</td>'
            f'<td><span class="badge">{"active" if row.active else "inactive"}</span></td>'
            f'<td><div class="stat"><b>Score</b> {row.score}</div></td></tr>\n'
        )
    out.append("</table>\n")
    return "".join(out)


class Subject:
    async def open(self, url: str) -> None:
        pass

    async def close(self) -> None:
        pass

    async def fortunes(self, number: int) -> str:
        return render_fortunes(pages.fortunes)

    async def page(self, number: int) -> str:
        return render_page(pages.rows)
