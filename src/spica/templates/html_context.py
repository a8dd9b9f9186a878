"""Follows HTML text so that the compiler knows where an output stands: in text, a value, a URL, a script.

States: text, raw (script, style, title, textarea …), comment, bogus (`<!…`, `<?…`), tag-open, tag-name, tag (between
attributes), attribute-name, after-name, before-value, value. Events: characters of text, and outputs.

Rules of this file:
- States are immutable values; `advance` is a pure function, so branches are compared by comparing states.
- It is stricter than a browser: where two readings are possible, the output is refused, not guessed.

Source: WHATWG HTML section 13.2.5 (tokenization), reduced to what static text of templates needs.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple


class Context(Enum):
    """What an output must be escaped for."""

    TEXT = "text"
    ATTRIBUTE = "attribute"
    URL = "url"  # at the start of a URL: the scheme is the value's
    URL_PART = "url part"  # a URL has begun, but no / ? # or : yet
    STYLE = "style attribute"
    JSON = "json script"


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
    """An output where no escaping helps; `why` and `fix` become the error's parts."""

    def __init__(self, what: str, why: str, fix: str) -> None:
        super().__init__(what)
        self.what, self.why, self.fix = what, why, fix


START = HtmlState()

_RAW_ELEMENTS = frozenset(["script", "style", "textarea", "title", "iframe", "noembed", "noframes", "xmp", "plaintext"])
_URL_ATTRIBUTES = frozenset(
    [
        *(
            "href",
            "src",
            "action",
            "formaction",
            "poster",
            "cite",
            "data",
            "background",
            "manifest",
            "ping",
            "longdesc",
        ),
        *("xlink:href", "codebase", "classid", "profile", "icon"),
        *("hx-vals", "hx-headers", "hx-request"),  # htmx evaluates these when they start with js: or javascript:
    ]
)
_ANIMATIONS = frozenset(["animate", "set", "animatetransform", "animatemotion"])
_ANIMATED_VALUES = frozenset(["to", "from", "by", "values"])
_SCRIPT_ATTRIBUTE = re.compile(r"on|hx-on|hx-vars$|hx-trigger$|@|:|x-|v-|_$|\?")
_SCRIPT_SCHEME = re.compile(r"(?i)(javascript|vbscript|js|data)$")
_SAFE_DATA = re.compile(r"(?i)data:(image/(?!svg)|audio/|video/|font/)")
_URL_DELIMITER = re.compile(r"[/?#:]")
_IGNORED_IN_SCHEME = re.compile(r"[\x00-\x20]+")

_JSON_TYPE = re.compile(r"(?i)\s*(application|text)/([\w.-]+\+)?json\s*(;|$)")
_COMMENT_END = re.compile(r"--!?>")

_UNKNOWN_NAME = "?"  # an attribute whose name branches or raw() decide; treated as one that runs script
_IN_TAG = frozenset(["tag-name", "tag", "attribute-name", "after-name"])

_TAG_START = re.compile(r"<(?:!---?>|!--|[!?]|/?[A-Za-z]|/?$)")
_SPACE = re.compile(r"\s*")
_TAG_NAME = re.compile(r"[^\s/>]*")
_ATTRIBUTE_NAME = re.compile(r"[^\s/>=]*")
_UNQUOTED = re.compile(r"[^\s>]*")


def advance(state: HtmlState, text: str) -> HtmlState:
    """The state after some literal text.

    Raises: UnsafeOutput when the text completes something that an output began: a scheme before a `:`.
    """
    offset = 0
    while offset < len(text):
        state, offset = _STEPS[state.mode](state, text, offset)
    return state


def output_context(state: HtmlState) -> Context:
    """How an output at this state must be escaped.

    Raises: UnsafeOutput where none is safe.
    """
    if state.mode in ("text", "comment"):
        return Context.TEXT
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
    return bool(state.value and _URL_DELIMITER.search(state.value))


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


def describe(state: HtmlState) -> str:
    """Where a state is, for an error's text."""
    if state.mode == "raw":
        return f"inside <{state.element}>"
    if state.mode in ("before-value", "value"):
        return f"inside the value of {state.attribute!r} of <{state.element}>"
    if state.mode in ("text", "comment"):
        return {"text": "in text", "comment": "inside a comment"}[state.mode]
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
    if _SCRIPT_ATTRIBUTE.match(name):
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
    if name == "style":
        return Context.STYLE
    if not (name in _URL_ATTRIBUTES or (state.element in _ANIMATIONS and name in _ANIMATED_VALUES)):
        return Context.ATTRIBUTE
    return _url_context(state)


def _url_context(state: HtmlState) -> Context:
    if state.value is None:
        return Context.URL_PART
    if not state.value.strip():
        return Context.URL
    if not is_settled(state):
        return Context.URL_PART
    scheme, colon, _ = _IGNORED_IN_SCHEME.sub("", state.value).partition(":")
    if colon and _SCRIPT_SCHEME.match(scheme) and not _SAFE_DATA.match(state.value.strip()):
        raise UnsafeOutput(
            f"an output inside a {scheme.lower()}: URL",
            "the browser would run it",
            "put the value in a data- attribute and read it with dataset",
        )
    return Context.ATTRIBUTE


def _text(state: HtmlState, text: str, offset: int) -> tuple[HtmlState, int]:
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
    if delimiter.group() == ":" and (state.attribute in _URL_ATTRIBUTES):
        raise UnsafeOutput(
            f"a ':' after an output in {state.attribute!r}",
            "the output would be the scheme of the URL, and javascript: is one",
            "put the whole address into one output, or write the scheme in the template",
        )
    return state._replace(value="/")


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
    match = re.compile(rf"(?i)</{state.element}(?=[\s/>])").search(text, offset)
    if match is None:
        return state, len(text)
    return HtmlState("tag", state.element, closing=True), match.end()


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


_STEPS = {
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
