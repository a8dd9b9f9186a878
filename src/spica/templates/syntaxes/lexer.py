"""Cuts a template into text, outputs, tags and comments, by the delimiters of its syntax.

Rules of this file:
- A delimiter inside a string or a bracket of an expression does not end it.
- `-` beside a delimiter removes the white space on that side. A line that holds only tags and comments leaves no line
  in the output; `include` and `yield` count as content there, because they write something.
- Nothing is a delimiter between the tags `verbatim` and `endverbatim`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from spica.templates.errors import TemplateSyntaxError, UnclosedBlockError
from spica.templates.expressions import code_characters
from spica.templates.source import Source

TEXT, OUTPUT, TAG, COMMENT = "text", "output", "tag", "comment"

_WRITING = ("include", "yield")
_QUOTE_OR_BRACKET = re.compile(r"['\"(\[{]")
_WORD = re.compile(r"\s*([^\W\d]\w*)?")


@dataclass(slots=True)
class Token:
    """One piece of a template: `offset` of its first character, `start` and `end` of what is inside the delimiters."""

    kind: str
    offset: int
    start: int
    end: int
    text: str = ""  # of a text token, after trimming
    word: str = ""  # the first word of a tag
    trim_before: bool = False
    trim_after: bool = False


@dataclass(frozen=True, slots=True)
class Delimiters:
    """How a syntax is cut.

    Args: opening: matches what starts an output, tag or comment; kinds: by what was matched, without a `-` at its end,
          the token's kind and what ends it; verbatim_end: matches the tag that ends `verbatim`; literals: what is
          written for an opening that starts nothing.
    """

    opening: re.Pattern[str]
    kinds: Mapping[str, tuple[str, str]]
    verbatim_end: re.Pattern[str]
    literals: Mapping[str, str] = field(default_factory=dict)


def split_template(source: Source, delimiters: Delimiters) -> list[Token]:
    """Cut a template into tokens, white space already trimmed.

    Raises: UnclosedBlockError for a delimiter without its end; TemplateSyntaxError for a string without its end.
    """
    return trim_tokens(_cut(source, delimiters))


def trim_tokens(tokens: list[Token]) -> list[Token]:
    """Take the white space out that tags leave, and then the tokens that are empty."""
    _drop_tag_lines(tokens)
    _trim_marked(tokens)
    return [token for token in tokens if token.text or token.kind in (OUTPUT, TAG)]


def _cut(source: Source, delimiters: Delimiters) -> list[Token]:
    text, offset, tokens = source.text, 0, list[Token]()
    while match := delimiters.opening.search(text, offset):
        if match.start() > offset:
            tokens.append(_text(text, offset, match.start()))
        literal = delimiters.literals.get(match.group())
        if literal is not None:
            tokens.append(Token(TEXT, match.start(), match.start(), match.end(), literal))
            offset = match.end()
            continue
        token, offset = _read_token(source, match, delimiters)
        tokens.append(token)
        if token.kind == TAG and token.word == "verbatim":
            offset = _read_verbatim(source, token, offset, tokens, delimiters.verbatim_end)
    if offset < len(text):
        tokens.append(_text(text, offset, len(text)))
    return tokens


def _read_token(source: Source, match: re.Match[str], delimiters: Delimiters) -> tuple[Token, int]:
    opening = match.group().removesuffix("-")
    kind, closing = delimiters.kinds[opening]
    start, trim_before = match.end(), match.group().endswith("-")
    end = source.text.find(closing, start) if kind == COMMENT else _find_end(source, start, closing)
    if end < 0:
        raise UnclosedBlockError(
            f"{opening} is never closed",
            place=source.place(match.start()),
            why=f"no {closing} follows it",
            fix=f"add {closing}; to write {opening} as text put it in {{% verbatim %}}…{{% endverbatim %}}",
        )
    trim_after = source.text[end - 1] == "-" and end - 1 >= start
    token = Token(kind, match.start(), start, end - trim_after, "", "", trim_before, trim_after)
    if kind == TAG:
        word = _WORD.match(source.text, start, token.end)
        token.word = (word and word.group(1)) or ""
        if not token.word:
            raise TemplateSyntaxError(
                "a tag has no name",
                place=source.place(match.start()),
                fix="start it with its name: {% if … %}, {% for … %}, {% end %}",
            )
    return token, end + len(closing)


def _find_end(source: Source, start: int, closing: str) -> int:
    end = source.text.find(closing, start)
    if end >= 0 and _QUOTE_OR_BRACKET.search(source.text, start, end) is None:
        return end
    try:
        for offset, character, brackets in code_characters(source, start, len(source.text)):
            if character != closing[0] or not source.text.startswith(closing, offset):
                continue
            if closing != "}}" or not brackets or brackets[-1] != "{":
                return offset
    except TemplateSyntaxError as error:
        if error.line == source.place(start).line:
            raise
        return -1  # an apostrophe of later text was taken for a string: what is missing is the delimiter
    return -1


def _read_verbatim(source: Source, token: Token, offset: int, tokens: list[Token], closing: re.Pattern[str]) -> int:
    end = closing.search(source.text, offset)
    if end is None:
        raise UnclosedBlockError(
            "verbatim is never closed",
            place=source.place(token.offset),
            why="inside it nothing is a tag, so {% end %} does not close it",
            fix="add {% endverbatim %}",
        )
    if end.start() > offset:
        tokens.append(_text(source.text, offset, end.start()))
    trim_before, trim_after = end.group()[2] == "-", end.group()[-3] == "-"
    tokens.append(Token(TAG, end.start(), end.start(), end.end(), "", "endverbatim", trim_before, trim_after))
    return end.end()


def _text(text: str, start: int, end: int) -> Token:
    return Token(TEXT, start, start, end, text[start:end])


def _drop_tag_lines(tokens: list[Token]) -> None:
    first = 0
    while first < len(tokens):
        last = first
        while last + 1 < len(tokens) and not _ends_line(tokens[last + 1]):
            last += 1
        # tokens[first] ends the line before (or is the file's first), tokens[last + 1] holds this line's newline
        _drop_tag_line(tokens, first, last + 1)
        first = last + 1


def _drop_tag_line(tokens: list[Token], first: int, last: int) -> None:
    before = tokens[first] if _ends_line(tokens[first]) else None
    inside = tokens[first + (before is not None) : last]
    after = tokens[last] if last < len(tokens) else None
    if not any(token.kind in (TAG, COMMENT) for token in inside):
        return
    if any(token.kind == OUTPUT or token.word in _WRITING or token.text.strip() for token in inside):
        return
    head, newline, tail = before.text.rpartition("\n") if before else ("", "", "")
    indent, _, rest = after.text.partition("\n") if after else ("", "", "")
    if tail.strip() or indent.strip():
        return
    if before:
        before.text = head + newline
    if after:
        after.text = rest
    for token in inside:
        token.text = ""


def _ends_line(token: Token) -> bool:
    return token.kind == TEXT and "\n" in token.text


def _trim_marked(tokens: list[Token]) -> None:
    for before, after in pairwise(tokens):
        if before.kind == TEXT and after.trim_before:
            before.text = before.text.rstrip()
        if after.kind == TEXT and before.trim_after:
            after.text = after.text.lstrip()
