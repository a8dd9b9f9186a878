"""Rich text: Markdown, and the HTML that people write, as HTML that is safe in a page.

Rules of this file:
- What is rendered is sanitized afterwards: a mistake in a renderer, or a plugin of it, can't put a script into a page.
- The two libraries are loaded at first use; most applications have neither kind of text.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING

from spica.templates.safe import Safe

if TYPE_CHECKING:  # loaded at first use
    from markdown_it import MarkdownIt

_WITHOUT_CONTENT = frozenset(["script", "style"])


def sanitize(value: object, tags: Collection[str] | None = None) -> Safe:
    """HTML without what could do harm: no scripts, styles, forms or frames; links of http, https, mailto and such.

    Args: value: HTML that somebody wrote, also `Safe`; tags: the elements that stay, default those of texts
          (paragraphs, lists, tables, links, pictures …); the text in others stays, but of scripts and styles.
    Raises: ValueError for the tags script and style.
    """
    # Lazy: see above.
    import nh3

    if tags is not None and (refused := _WITHOUT_CONTENT.intersection(tags)):
        raise ValueError(f"sanitize can't let <{min(refused)}> stay: it removes what would run, with its content")
    text = "" if value is None else str(value)
    return Safe(nh3.clean(text) if tags is None else nh3.clean(text, tags=set(tags)))


def markdown(value: object) -> Safe:
    """Markdown (CommonMark, tables, strikethrough) as HTML; HTML in it is shown as text."""
    return sanitize(_renderer().render("" if value is None else str(value)))


@cache
def _renderer() -> MarkdownIt:
    # Lazy: see above.
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
