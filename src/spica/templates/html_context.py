"""Decides how an output is escaped from where it stands in the HTML, and refuses where no escaping is safe.

Rules of this file:
- It is stricter than a browser: where two readings are possible, the output is refused, not guessed.
- A refusal says what to write instead.

Source: WHATWG HTML section 8.1.8 (event handler attributes); htmx, Alpine and Vue documentation for theirs.
"""

from __future__ import annotations

import re
from enum import Enum
from html import unescape

from spica.templates.html_state import HtmlState, UnsafeOutput, is_settled, is_url_attribute

_ANIMATIONS = frozenset(["animate", "set", "animatetransform", "animatemotion"])
_ANIMATED_VALUES = frozenset(["to", "from", "by"])
SCRIPT_ATTRIBUTE = re.compile(
    r"on|(?:data-)?hx-(?:on|live|vars(?::|$)|trigger(?::|$))|@|:|x-|v-|_$|(?:data-)?script$|\?"
)
_SCRIPT_SCHEME = re.compile(r"(?i)(javascript|vbscript|js|data)$")
_SAFE_DATA = re.compile(r"(?i)data:(image/(?!svg)|audio/|video/|font/)[^,;]*[,;]")  # the type is complete
_IGNORED_IN_SCHEME = re.compile(r"[\x00-\x20]+")


class Context(Enum):
    """What an output must be escaped for."""

    TEXT = "text"
    COMMENT = "comment"
    ATTRIBUTE = "attribute"
    URL = "url"  # at the start of a URL: the scheme is the value's
    URL_PART = "url part"  # a URL has begun, but no / ? # or : yet
    STYLE = "style attribute"
    JSON = "json script"
    PLAIN = "plain text"
    JSON_VALUE = "json"
    JSON_STRING = "json string"
    XML = "xml"
    XML_URL = "xml url"


_OTHER_FORMATS = {"plain": Context.PLAIN, "json": Context.JSON_VALUE, "json-string": Context.JSON_STRING}


def output_context(state: HtmlState) -> Context:
    """How an output at this state must be escaped.

    Raises: UnsafeOutput where none is safe.
    """
    if state.mode == "text":
        return Context.TEXT
    if state.mode == "comment":
        return Context.COMMENT
    if state.mode in _OTHER_FORMATS:
        return _other_context(state)
    if state.mode == "raw":
        return _raw_context(state)
    if state.mode == "value" and state.quote:
        return _value_context(state)
    if state.mode in ("value", "before-value"):
        raise UnsafeOutput(
            f"the value of {state.attribute!r} has no quotes",
            "a space in the value would start a new attribute",
            f'put it in quotes: {state.attribute}="{{{{ … }}}}"',
        )
    if state.mode == "bogus":
        raise UnsafeOutput("an output inside <!…> or <?…>", "browsers read this part in different ways", "move it out")
    part = "a tag's name" if state.mode in ("tag-open", "tag-name") else "the place of an attribute's name"
    raise UnsafeOutput(
        f"an output in {part}",
        "escaping does not stop spaces, and a value could add attributes such as onclick",
        "write the names in the template and choose with {% if … %}; raw(…) writes a text you vouch for",
    )


def xml_context(state: HtmlState) -> Context:
    """How an output must be escaped in XML, whose rules are HTML's but for characters and comments.

    Raises: UnsafeOutput where no escaping is safe.
    """
    if state.mode == "comment":
        raise UnsafeOutput("an output inside a comment", "XML has no comments with -- in them", "move it out")
    return Context.XML_URL if output_context(state) in (Context.URL, Context.URL_PART) else Context.XML


def _other_context(state: HtmlState) -> Context:
    if state.mode == "json-string" and state.value:
        raise UnsafeOutput(
            "an output after a backslash",
            "what it writes would become part of the escape",
            "write the whole text in one output: {{ value }}, without quotes around it",
        )
    return _OTHER_FORMATS[state.mode]


def describe(state: HtmlState) -> str:
    """Where a state is, for an error's text."""
    if state.mode == "raw":
        return f"inside <{state.element}>"
    if state.mode in ("before-value", "value"):
        return f"inside the value of {state.attribute!r} of <{state.element}>"
    if state.mode in ("text", "comment"):
        return {"text": "in text", "comment": "inside a comment"}[state.mode]
    if state.mode in _OTHER_FORMATS:
        return {"plain": "in text", "json": "outside of a string", "json-string": "inside a string"}[state.mode]
    return f"inside the tag <{state.element}>"


def _raw_context(state: HtmlState) -> Context:
    if state.element == "script":
        if state.json:
            return Context.JSON
        raise UnsafeOutput(
            "an output inside <script>",
            "HTML escaping does not protect JavaScript",
            'put it in a data- attribute and read it with dataset, or in <script type="application/json"> with | json',
        )
    if state.element == "style":
        raise UnsafeOutput(
            "an output inside <style>",
            "HTML escaping does not protect CSS",
            "choose a class with {% if … %}, or set a custom property in a style attribute",
        )
    return Context.TEXT


def _value_context(state: HtmlState) -> Context:
    name = state.attribute
    if SCRIPT_ATTRIBUTE.match(name):
        raise UnsafeOutput(
            f"an output inside {name!r}, which runs as script",
            "the browser undoes the escaping before it runs the script",
            f"put the value in a data- attribute and read it with dataset in {name!r}",
        )
    if name == "srcdoc":
        raise UnsafeOutput(
            "an output inside 'srcdoc'",
            "its content is parsed as HTML once more",
            "serve the content by a URL and use src",
        )
    if name == "values" and state.element in _ANIMATIONS:
        raise UnsafeOutput(
            "an output inside the 'values' of an SVG animation",
            "they are a list, and each of them may be an address that runs script",
            "write from and to, which hold one value each",
        )
    if name == "style":
        return Context.STYLE
    if not (is_url_attribute(name) or (state.element in _ANIMATIONS and name in _ANIMATED_VALUES)):
        return Context.ATTRIBUTE
    return _url_context(state)


def _url_context(state: HtmlState) -> Context:
    if state.value is None:
        return Context.URL_PART
    if not state.value.strip():
        return Context.URL
    if not is_settled(state):
        return Context.URL_PART
    value = unescape(state.value)  # as browsers do before they read the scheme
    scheme, colon, _ = _IGNORED_IN_SCHEME.sub("", value).partition(":")
    if colon and _SCRIPT_SCHEME.match(scheme) and not _SAFE_DATA.match(value.strip()):
        raise UnsafeOutput(
            f"an output inside a {scheme.lower()}: URL",
            "the browser would run it",
            "put the value in a data- attribute and read it with dataset",
        )
    return Context.ATTRIBUTE
