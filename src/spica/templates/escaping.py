"""Writes a value for where it stands: one function a context.

Rules of this file:
- The generated code handles the frequent case itself (exact `str`: the native `escape`; exact `int`: digits) and calls
  these for everything else, so nothing here has to be fast, and everything has to be right.
- A value that can't be written safely is neutralised visibly ("unsafe:…"), never dropped silently.

Source: WHATWG URL section 4.4 (what browsers ignore in front of a scheme) and HTML section 13.1.2.3 (attribute values).
"""

from __future__ import annotations

import re
from html import unescape

from spica._core import escape
from spica.templates.filters import json
from spica.templates.safe import html_of, own_html

UNSAFE_STYLE = "unsafe"

_IGNORED = re.compile(r"[\x00-\x20\x7f-\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]+")
_REFUSED_SCHEMES = frozenset(["javascript", "vbscript", "livescript", "js", "data"])
_ALLOWED_DATA = re.compile(r"(?i)data:(image/(?!svg)|audio/|video/|font/)")
_SAFE_STYLE = re.compile(r"[\w\s#%.,+!-]*", re.ASCII)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BEFORE_PATH = re.compile(r"[^/?#]*")

write_text = html_of


def write_comment(value: object) -> str:
    """A value inside a comment, which it can't end: without a `-`, and never nothing, as `<!---->` is made of such.

    Source: WHATWG HTML section 13.2.5.43 (comments, in which no entity is undone).
    """
    return html_of(value).replace(">", "&gt;").replace("-", "&#45;") or " "


def write_attribute(value: object) -> str:
    """A value between quotes: `__html__` is believed up to what would end the quotes or the tag."""
    html = own_html(value)
    if html is None:
        return html_of(value)
    for character, entity in (("<", "&lt;"), (">", "&gt;"), ('"', "&#34;"), ("'", "&#39;")):
        html = html.replace(character, entity)
    return html


def write_url(value: object) -> str:
    """A value that starts a URL: one whose scheme runs script is prefixed with `unsafe:`."""
    html = own_html(value)
    if html is None:
        return escape(check_url(value))
    text = unescape(html)
    return write_attribute(value) if check_url(text) == text else escape(check_url(text))


def write_url_part(value: object) -> str:
    """A value inside a URL's first segment: its colons can't make a scheme."""
    text = _text_of(value)
    match = _BEFORE_PATH.match(text)
    end = match.end() if match else 0
    return escape(text[:end].replace(":", "%3A") + text[end:])


def write_style(value: object) -> str:
    """A value inside a style attribute: words, numbers and colours; anything else becomes `unsafe`."""
    text = _text_of(value)
    return escape(text) if _SAFE_STYLE.fullmatch(text) else UNSAFE_STYLE


def write_json(value: object) -> str:
    """The text of the `json` filter inside a JSON script, where it is written as it is."""
    return str(value)


def write_plain(value: object) -> str:
    """A value in plain text: as it is, None being nothing."""
    return "" if value is None else str(value)


def write_json_value(value: object) -> str:
    """A value in JSON, outside of quotes: text gets its quotes, lists and records become JSON."""
    return json(str(value) if isinstance(value, str) else value)


def write_json_string(value: object) -> str:
    """A value inside the quotes of a JSON text."""
    return json(_text_of(value))[1:-1]


def write_xml(value: object) -> str:
    """A value in XML: escaped, and without the characters that XML can't have.

    Source: XML 1.0 section 2.2.
    """
    return _NOT_XML.sub("\ufffd", html_of(value))


def write_xml_url(value: object) -> str:
    """A value in an attribute of XML that is a URL: one whose scheme runs script is prefixed with `unsafe:`."""
    return _NOT_XML.sub("\ufffd", write_url(value))


def check_url(value: object) -> str:
    """Neutralise a URL that would run script.

    Args:    value: anything; its `__html__` counts as its text.
    Returns: the URL, or `unsafe:` + the URL for javascript:, vbscript:, and data: that is no picture, sound or font.
    """
    text = _text_of(value)
    if ":" not in text:  # no scheme
        return text
    visible = _IGNORED.sub("", text)
    scheme, colon, _ = visible.partition(":")
    if colon and scheme.lower() in _REFUSED_SCHEMES and not _ALLOWED_DATA.match(visible):
        return f"unsafe:{text}"
    return text


def _text_of(value: object) -> str:
    if value is None:
        return ""
    html = own_html(value)
    return str(value) if html is None else html
