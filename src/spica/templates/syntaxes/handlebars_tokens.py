"""Cuts a `.hbs` template into text and mustaches: `{{x}}` `{{{x}}}` `{{#each}}` `{{/each}}` `{{> row}}` `{{! why }}`.

Rules of this file:
- `\\{{` writes `{{`, `\\\\{{` a backslash and then the mustache; inside `{{{{raw}}}}` … `{{{{/raw}}}}` there are none.
- `~` beside a delimiter removes the white space on that side. A line that holds only blocks and comments leaves none,
  as in the other syntaxes; a partial counts as content.

Source: the Handlebars language guide, and handlebars.l of its parser (which characters end what).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from spica.templates.errors import UnclosedBlockError
from spica.templates.source import Source
from spica.templates.syntaxes.lexer import COMMENT, OUTPUT, TAG, TEXT, Token, trim_tokens

_OPENING = re.compile(r"(\\*)(\{\{\{\{|\{\{~?(?:!--|!|\{|&|#>|#\*|[#/^>])?)")
_WORD = re.compile(r"\s*([^\s}~]+)")
_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\[[^\]]*\]")
_CLOSINGS = {"!--": ("--}}", "--~}}"), "{": ("}}}", "}~}}")}
_TAG_WORDS = frozenset(["else", "extends", "params", "set", "import", "yield"])


@dataclass(slots=True)
class Mustache(Token):
    """One token; `mark` is what follows `{{`: "", "{", "&", "#", "#>", "#*", "/", "^", ">"."""

    mark: str = ""


def split_handlebars(source: Source) -> list[Token]:
    """Cut a template into tokens, white space already trimmed.

    Raises: UnclosedBlockError for a mustache or a raw block without its end.
    """
    text, offset, tokens = source.text, 0, list[Token]()
    while match := _OPENING.search(text, offset):
        slashes, opening = match.groups()
        tokens.append(_text(offset, text[offset : match.start()] + "\\" * (len(slashes) // 2)))
        start = match.start() + len(slashes)
        if len(slashes) % 2:
            tokens.append(_text(start, "{{"))
            offset = start + 2
        elif opening == "{{{{":
            offset = _read_raw_block(source, start, tokens)
        else:
            token, offset = _read_mustache(source, start, opening)
            tokens.append(token)
    tokens.append(_text(offset, text[offset:]))
    return trim_tokens(tokens)


def _read_mustache(source: Source, offset: int, opening: str) -> tuple[Mustache, int]:
    text, start = source.text, offset + len(opening)
    mark = opening[2:].removeprefix("~")
    closings = _CLOSINGS.get(mark, ("}}",))
    end, closing = _find_end(text, start, closings, is_comment=mark.startswith("!"))
    if end < 0:
        raise UnclosedBlockError(
            f"{opening} is never closed",
            place=source.place(offset),
            why=f"no {closings[0]} follows it",
            fix=f"add {closings[0]}; to write {{{{ as text put a backslash in front of it",
        )
    trim_after = (text[end - 1] == "~" and end > start) or "~" in closing
    inner = end - 1 if trim_after and "~" not in closing else end
    kind = COMMENT if mark.startswith("!") else OUTPUT if mark in ("", "{", "&") else TAG
    word = _WORD.match(text, start, inner)
    name = word[1] if word else ""
    if kind == OUTPUT and name in _TAG_WORDS:
        kind = TAG
    if mark in (">", "#>"):
        name = "include"  # it writes something, so its line stays
    return Mustache(kind, offset, start, inner, "", name, "~" in opening, trim_after, mark), end + len(closing)


def _find_end(text: str, start: int, closings: tuple[str, ...], *, is_comment: bool) -> tuple[int, str]:
    offset = start
    while offset < len(text):
        for closing in closings:
            if text.startswith(closing, offset):
                return offset, closing
        string = None if is_comment else _STRING.match(text, offset)
        offset = string.end() if string else offset + 1
    return -1, ""


def _read_raw_block(source: Source, start: int, tokens: list[Token]) -> int:
    text = source.text
    head_end = text.find("}}}}", start)
    words = text[start + 4 : head_end].split() if head_end > 0 else []
    name = words[0] if words else ""
    closing = f"{{{{{{{{/{name}}}}}}}}}"
    end = text.find(closing, head_end) if name else -1
    if end < 0:
        raise UnclosedBlockError(
            "{{{{ is never closed",
            place=source.place(start),
            why="inside it nothing is a mustache",
            fix="write {{{{raw}}}} … {{{{/raw}}}}",
        )
    tokens.append(_text(head_end + 4, text[head_end + 4 : end]))
    return end + len(closing)


def _text(offset: int, text: str) -> Token:
    return Token(TEXT, offset, offset, offset + len(text), text)
