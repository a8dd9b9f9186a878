"""Links between the pages of a list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from spica._core import escape
from spica.app.markup import render_attributes
from spica.http.context import Context
from spica.http.url import quote
from spica.templates.functions import uses_context
from spica.templates.safe import Safe


class Paged(Protocol):
    """What the links need of a `Page`."""

    @property
    def page(self) -> int: ...
    @property
    def pages(self) -> int: ...
    @property
    def prev(self) -> int | None: ...
    @property
    def next(self) -> int | None: ...


@uses_context
def page_links(
    ctx: Context | None,
    page: Paged,
    /,
    *,
    label: str = "Pages",
    param: str = "page",
    around: int = 2,
    target: str | None = None,
) -> Safe:
    """Links to the pages of a `Page`, for the address that is shown: `{{ page_links(posts) }}`.

    Args:    page: of records; label: what readers of screens hear; param: of the query, whose others stay; around: how
             many numbers on each side of this page; target: the id of an element that htmx swaps instead of loading the
             page, with the address in the browser's bar.
    Returns: a `<nav>`; nothing when there is one page.
    """
    if page.pages <= 1:
        return Safe("")
    address = _address(ctx, param)
    items = "".join(f"<li>{_item(number, page, address, target)}</li>" for number in _numbers(page, around))
    before = _link("Previous", page.prev, address, target, rel="prev")
    after = _link("Next", page.next, address, target, rel="next")
    return Safe(f'<nav class="pages" aria-label="{escape(label)}">{before}<ul>{items}</ul>{after}</nav>')


def _numbers(page: Paged, around: int) -> Iterator[int | None]:
    """The first page, those around this one, the last; None stands for what is left out."""
    wanted = {1, page.pages, *range(max(1, page.page - around), min(page.pages, page.page + around) + 1)}
    last = 0
    for number in sorted(wanted):
        if number - last > 1:
            yield None
        yield number
        last = number


def _item(number: int | None, page: Paged, address: str, target: str | None) -> str:
    if number is None:
        return "<span>…</span>"
    if number == page.page:
        return f'<a href="{escape(f"{address}{number}")}" aria-current="page">{number}</a>'
    return _link(str(number), number, address, target)


def _link(text: str, number: int | None, address: str, target: str | None, **attributes: object) -> str:
    if number is None:
        return ""
    href = f"{address}{number}"
    swap = {"hx_get": href, "hx_target": f"#{target}", "hx_push_url": "true"} if target is not None else {}
    return f"<a{render_attributes({'href': href, **attributes, **swap})}>{text}</a>"


def _address(ctx: Context | None, param: str) -> str:
    """The address of this page up to the number."""
    path, pairs = "", []
    if ctx is not None:
        # One slash: two would name a host.
        path = "/" + ctx.request.native.target.partition("?")[0].lstrip("/\\")
        pairs = [(name, value) for name, value in ctx.request.query.pairs if name != param]
    query = "".join(f"{quote(name)}={quote(value)}&" for name, value in pairs)
    return f"{path}?{query}{quote(param)}="
