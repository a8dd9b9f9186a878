"""What a template's text is, by the suffix of its name: HTML, plain text, XML or JSON."""

from __future__ import annotations

HTML, TEXT, XML, JSON = "html", "txt", "xml", "json"
FORMATS = (HTML, TEXT, XML, JSON)
MEDIA_TYPES = {
    HTML: "text/html; charset=utf-8",
    TEXT: "text/plain; charset=utf-8",
    XML: "application/xml; charset=utf-8",
    JSON: "application/json",
}


def format_of(name: str) -> str:
    """The format of a template by its name: "feed.xml" is XML, "posts/index" HTML."""
    _, dot, suffix = name.rpartition(".")
    return suffix if dot and suffix in FORMATS[1:] else HTML
