"""An HTML page as a test looks at it, by CSS selectors."""

from __future__ import annotations

from spica.testing.json_paths import missing_library


class Page:
    """A page, or a fragment of one; parsed as a browser does. Args: source: its text."""

    def __init__(self, source: str) -> None:
        # Lazy: only tests that look at elements need the library.
        try:
            from selectolax.lexbor import LexborHTMLParser
        except ModuleNotFoundError as error:
            raise missing_library(error, "a CSS selector") from None
        self._parser = LexborHTMLParser(source)

    def select(self, css: str) -> list[str]:
        """The texts of the elements that a selector finds, in order, with white space as it is shown.

        Raises:  ValueError: that is no selector.
        """
        from selectolax.lexbor import SelectolaxError

        try:
            return [" ".join(node.text(deep=True).split()) for node in self._parser.css(css)]
        except SelectolaxError:
            raise ValueError(f"{css!r} is no CSS selector") from None
