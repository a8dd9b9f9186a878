"""Follows HTML text so that the compiler knows where an output stands: in text, a value, a URL, a script.

States: text, raw (script, style, title, textarea …), comment, bogus (`<!…`, `<?…`), tag-open, tag-name, tag (between
attributes), attribute-name, after-name, before-value, value; in text and JSON: plain, json (outside of a string),
json-string. Events: characters of text, and outputs.

Rules of this file:
- States are immutable values; `advance` is a pure function, so branches are compared by comparing states.
- What to make of an output at a state is decided in `html_context.py`.

Source: WHATWG HTML section 13.2.5 (tokenization), reduced to what static text of templates needs.
"""

from __future__ import annotations

import re
from html import unescape
from typing import NamedTuple

from spica.templates.formats import HTML, JSON, TEXT, XML


class HtmlState(NamedTuple):
    """Where the text is. `value`: the attribute's text so far, None once an output was part of it."""

    mode: str = "text"
    element: str = ""
    closing: bool = False
    attribute: str = ""
    quote: str = ""
    value: str | None = ""
    json: bool = False


class UnsafeOutput(Exception):
    """An output where no escaping helps; `why` and `fix` become the error's parts, `offset` is where in the text."""

    def __init__(self, what: str, why: str, fix: str) -> None:
        super().__init__(what)
        self.what, self.why, self.fix, self.offset = what, why, fix, 0


START = HtmlState()
STARTS = {HTML: START, XML: START, TEXT: HtmlState("plain"), JSON: HtmlState("json")}

_RAW_ELEMENTS = frozenset(["script", "style", "textarea", "title", "iframe", "noembed", "noframes", "xmp", "plaintext"])
URL_ATTRIBUTES = frozenset(
    """
    action background cite classid codebase data formaction href icon longdesc manifest ping poster profile src
    xlink:href
    """.split()  # noqa: SIM905  one name a line would be a page
)
# htmx runs what stands in these after js: or javascript:, also with data- before the name and a modifier after it.
_HTMX_URL_ATTRIBUTE = re.compile(
    r"(?:data-)?hx-(?:action|config|confirm|delete|get|headers|patch|post|put|request|vals)(?::|$)"
)
_JSON_STRING = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL)
_URL_DELIMITER = re.compile(r"[/?#:]")
_JSON_TYPE = re.compile(r"(?i)\s*(application|text)/([\w.-]+\+)?json\s*(;|$)")
_COMMENT_END = re.compile(r"--!?>")

_UNKNOWN_NAME = "?"  # an attribute whose name branches or raw() decide; treated as one that runs script
_IN_TAG = frozenset(["tag-name", "tag", "attribute-name", "after-name"])

_TAG_START = re.compile(r"<(?:!---?>|!--|[!?]|/?[A-Za-z]|/?$)")
# Tags that begin and end within the text and leave nothing behind: one step instead of five for each attribute.
_WHOLE_TAGS = re.compile(
    rf"""(?:[^<]*<(?:/|(?!(?:{"|".join(sorted(_RAW_ELEMENTS))})[ \t\n\f\r>]))"""
    r"""[a-z][a-z0-9-]*(?:[ \t\n\f\r]+[a-z][a-z0-9:-]*="[^"]*")*[ \t\n\f\r]*>)+""",
    re.IGNORECASE | re.ASCII,
)
# Not \s: to a browser a no-break space or a vertical tab is part of a name or value.
_SPACE = re.compile(r"[ \t\n\f\r]*")
_TAG_NAME = re.compile(r"[^ \t\n\f\r/>]*")
_ATTRIBUTE_NAME = re.compile(r"[^ \t\n\f\r/>=]*")
_UNQUOTED = re.compile(r"[^ \t\n\f\r>]*")
_SCRIPT_IN_COMMENT = re.compile(r"<!--.*?<script[ \t\n\f\r/>]", re.DOTALL | re.IGNORECASE | re.ASCII)
_ELEMENT = re.compile(r"<[A-Za-z]")


def advance(state: HtmlState, text: str) -> HtmlState:
    """The state after some literal text.

    Raises: UnsafeOutput when the text completes something that an output began, a scheme before a `:`, or when browsers
            may read it in two ways.
    """
    offset = 0
    while offset < len(text):
        try:
            state, offset = _STEPS[state.mode](state, text, offset)
        except UnsafeOutput as unsafe:
            unsafe.offset = offset
            raise
    return state


def after_output(state: HtmlState) -> HtmlState:
    """The state after an output."""
    if state.mode == "value":
        return state if is_settled(state) else state._replace(value=None)
    if state.mode == "before-value":
        return state._replace(mode="value", quote="", value=None)
    if state.mode == "tag-open":
        return state._replace(mode="tag-name")
    if state.mode in ("tag", "after-name", "attribute-name"):
        known = state.attribute if state.mode == "attribute-name" else ""
        return state._replace(mode="attribute-name", attribute=known + _UNKNOWN_NAME)
    return state


def is_settled(state: HtmlState) -> bool:
    """Whether an attribute's value has gone beyond the scheme of a URL."""
    return bool(state.value and _URL_DELIMITER.search(unescape(state.value)))


def merge(first: HtmlState, second: HtmlState) -> HtmlState | None:
    """The state after two branches; None when they end in different places."""
    if first == second:
        return first
    if first.mode == "value" and first._replace(value="") == second._replace(value=""):
        return first if is_settled(first) and is_settled(second) else first._replace(value=None)
    same_tag = first.element == second.element and first.closing == second.closing
    if same_tag and first.mode in _IN_TAG and second.mode in _IN_TAG:  # `<input {% if on %}checked{% end %}>`
        json = first.json and second.json
        return HtmlState("attribute-name", first.element, first.closing, _UNKNOWN_NAME, json=json)
    return None


def _text(state: HtmlState, text: str, offset: int) -> tuple[HtmlState, int]:
    tags = _WHOLE_TAGS.match(text, offset)
    offset = tags.end() if tags else offset
    match = _TAG_START.search(text, offset)
    if match is None:
        return state, len(text)
    found = match.group()
    if found in ("<!-->", "<!--->"):
        return START, match.end()
    if found == "<!--":
        return HtmlState("comment"), match.end()
    if found in ("<!", "<?"):
        return HtmlState("bogus"), match.end()
    closing = found.startswith("</")
    if found in ("<", "</"):  # the text ends here: what follows decides, an output would be a tag's name
        return HtmlState("tag-open", closing=closing), match.end()
    return HtmlState("tag-name", closing=closing), match.end() - 1


def _tag_open(state: HtmlState, text: str, offset: int) -> tuple[HtmlState, int]:
    if text[offset].isalpha():
        return state._replace(mode="tag-name"), offset
    return START, offset


def _tag_name(state: HtmlState, text: str, offset: int) -> tuple[HtmlState, int]:
    match = _TAG_NAME.match(text, offset)
    assert match is not None
    state = state._replace(element=state.element + match.group().lower())
    if match.end() == len(text):
        return state, match.end()
    return state._replace(mode="tag"), match.end()


def _tag(state: HtmlState, text: str, offset: int) -> tuple[HtmlState, int]:
    offset = _skip_space(text, offset)
    if offset == len(text):
        return state, offset
    if text[offset] == ">":
        return _end_of_tag(state), offset + 1
    if text[offset] == "/":
        if text.startswith("/>", offset) and state.element in _RAW_ELEMENTS and not state.closing:
            raise UnsafeOutput(
                f"<{state.element}/> has no end of its own",
                "in HTML what follows is its text, in SVG and XML it ends here: two readings, two ways to escape",
                f"write <{state.element}></{state.element}>",
            )
        return state, offset + 1
    return state._replace(mode="attribute-name", attribute="", value=""), offset


def _attribute_name(state: HtmlState, text: str, offset: int) -> tuple[HtmlState, int]:
    match = _ATTRIBUTE_NAME.match(text, offset)
    assert match is not None
    if match.group() == "" and text[offset] == "=" and not state.attribute:  # `<a =x>`: part of the name for a browser
        return state._replace(attribute="="), offset + 1
    state = state._replace(attribute=state.attribute + match.group().lower())
    if match.end() == len(text):
        return state, match.end()
    return state._replace(mode="after-name"), match.end()


def _after_name(state: HtmlState, text: str, offset: int) -> tuple[HtmlState, int]:
    offset = _skip_space(text, offset)
    if offset == len(text):
        return state, offset
    if text[offset] == "=":
        return state._replace(mode="before-value", value=""), offset + 1
    return state._replace(mode="tag", attribute="", value=""), offset


def _before_value(state: HtmlState, text: str, offset: int) -> tuple[HtmlState, int]:
    offset = _skip_space(text, offset)
    if offset == len(text):
        return state, offset
    if text[offset] in "\"'":
        return state._replace(mode="value", quote=text[offset], value=""), offset + 1
    if text[offset] == ">":
        return _end_of_tag(state), offset + 1
    return state._replace(mode="value", quote="", value=""), offset


def _value(state: HtmlState, text: str, offset: int) -> tuple[HtmlState, int]:
    if state.quote:
        end = text.find(state.quote, offset)
        end, skip = (len(text), 0) if end < 0 else (end, 1)
    else:
        match = _UNQUOTED.match(text, offset)
        assert match is not None
        end, skip = match.end(), 0
    state = _extend_value(state, text[offset:end])
    if end == len(text):
        return state, end
    return _end_of_value(state), end + skip


def _extend_value(state: HtmlState, text: str) -> HtmlState:
    if state.value is not None:
        return state._replace(value=state.value + text)
    delimiter = _URL_DELIMITER.search(text)
    if delimiter is None:
        return state
    if delimiter.group() == ":" and is_url_attribute(state.attribute):
        raise UnsafeOutput(
            f"a ':' after an output in {state.attribute!r}",
            "the output would be the scheme of the URL, and javascript: is one",
            "put the whole address into one output, or write the scheme in the template",
        )
    return state._replace(value="/")


def is_url_attribute(name: str) -> bool:
    """Whether the value of an attribute is a URL, or is run when it begins as one that runs script."""
    return name in URL_ATTRIBUTES or _HTMX_URL_ATTRIBUTE.match(name) is not None


def _end_of_value(state: HtmlState) -> HtmlState:
    json = state.json
    if state.element == "script" and state.attribute == "type":
        json = state.value is not None and _JSON_TYPE.match(state.value) is not None
    return HtmlState("tag", state.element, state.closing, json=json)


def _end_of_tag(state: HtmlState) -> HtmlState:
    if state.element in _RAW_ELEMENTS and not state.closing:
        return HtmlState("raw", state.element, json=state.json)
    return START


def _raw(state: HtmlState, text: str, offset: int) -> tuple[HtmlState, int]:
    match = re.compile(rf"(?ia)</{state.element}(?=[ \t\n\f\r/>])").search(text, offset)
    _check_raw(state.element, text[offset : match.start() if match else len(text)])
    if match is None:
        return state, len(text)
    return HtmlState("tag", state.element, closing=True), match.end()


def _check_raw(element: str, content: str) -> None:
    """Refuse text that browsers read in another way than the tokenizer here."""
    if element == "title" and _ELEMENT.search(content):
        raise UnsafeOutput(
            "an element inside <title>",
            "in HTML it is text, in SVG and XML an element: two readings, two ways to escape",
            "write &lt; for its <, or remove it",
        )
    if element == "script" and _SCRIPT_IN_COMMENT.search(content):
        raise UnsafeOutput(
            "<!-- and then <script inside a script",
            "browsers take the next </script> for the end of the inner one, and go on with the script",
            "write <\\!-- in a JavaScript text, or remove the comment",
        )


def _comment(state: HtmlState, text: str, offset: int) -> tuple[HtmlState, int]:
    end = _COMMENT_END.search(text, offset)
    return (state, len(text)) if end is None else (START, end.end())


def _bogus(state: HtmlState, text: str, offset: int) -> tuple[HtmlState, int]:
    end = text.find(">", offset)
    return (state, len(text)) if end < 0 else (START, end + 1)


def _skip_space(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    assert match is not None
    return match.end()


def _plain(state: HtmlState, text: str, offset: int) -> tuple[HtmlState, int]:
    return state, len(text)


def _json(state: HtmlState, text: str, offset: int) -> tuple[HtmlState, int]:
    quote = text.find('"', offset)
    return (state, len(text)) if quote < 0 else (HtmlState("json-string"), quote + 1)


def _json_string(state: HtmlState, text: str, offset: int) -> tuple[HtmlState, int]:
    if state.value:  # the text before ended in a backslash
        return HtmlState("json-string"), offset + 1
    match = _JSON_STRING.match(text, offset)
    assert match is not None
    if text.startswith('"', match.end()):
        return HtmlState("json"), match.end() + 1
    return (HtmlState("json-string", value="\\") if match.end() < len(text) else state), len(text)


_STEPS = {
    "plain": _plain,
    "json": _json,
    "json-string": _json_string,
    "text": _text,
    "tag-open": _tag_open,
    "tag-name": _tag_name,
    "tag": _tag,
    "attribute-name": _attribute_name,
    "after-name": _after_name,
    "before-value": _before_value,
    "value": _value,
    "raw": _raw,
    "comment": _comment,
    "bogus": _bogus,
}
