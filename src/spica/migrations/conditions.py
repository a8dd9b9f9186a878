"""Conditions in SQL (checks, partial indexes) in one form, whichever database reports them.

Rules of this file:
- What a database changes when it stores a condition is taken back: backticks, casts of literals, `= ANY (ARRAY[...])`,
  `~~`, parentheses around the whole. What means something stays, casts of expressions among it.
- Words and operators have one way of writing: AND, <>, one space.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<string>'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"]|"")*" | `(?:[^`]|``)*`)
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<cast>::(?:character\ varying|double\ precision|time(?:stamp)?\ with(?:out)?\ time\ zone|\w+)
        (?:\(\d+(?:,\ *\d+)?\))?(?:\[\])?)
  | (?P<word>[^\W\d]\w*)
  | (?P<operator><>|!=|<=|>=|\|\||->>|->|!~~\*|!~~|~~\*|~~|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS = {"and", "or", "not", "in", "is", "null", "like", "ilike", "between", "true", "false"}
_OPERATORS = {"!=": "<>", "~~": "LIKE", "!~~": "NOT LIKE", "~~*": "ILIKE", "!~~*": "NOT ILIKE"}
_ANY = (
    (re.compile(r"\(ARRAY\[([^\[\]]*)\]\)::text\[\]"), r"ARRAY[\1]"),
    (re.compile(r"= ANY \(ARRAY\[([^\[\]]*)\]\)"), r"IN (\1)"),
    (re.compile(r"<> ALL \(ARRAY\[([^\[\]]*)\]\)"), r"NOT IN (\1)"),
)
Token = tuple[str, str]  # its kind and its text
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")


def normal_condition(sql: str, columns: Collection[str] = ()) -> str:
    """Write a condition in the one form.

    Args:    sql: as the database reports it; columns: names whose casts were added by the database, not by people.
    Returns: the same condition.
    """
    tokens = _without_parentheses(_without_casts(_bare_names(_list_tokens(sql)), columns))
    text = _join([part for _, part in tokens])
    for pattern, form in _ANY:
        text = pattern.sub(form, text)
    return text


def words_in(sql: str) -> set[str]:
    """The names that a condition may be about: columns, functions."""
    return {text.strip('"') for kind, text in _list_tokens(sql) if kind in ("word", "quoted")}


def _list_tokens(sql: str) -> list[Token]:
    tokens: list[Token] = []
    for match in _TOKEN.finditer(sql):
        kind, text = match.lastgroup or "", match[0]
        if kind == "space":
            continue
        if kind == "quoted":
            bare = text[1:-1]
            text = bare if _PLAIN_NAME.fullmatch(bare) and bare not in _KEYWORDS else f'"{bare}"'
        elif kind == "word" and text.lower() in _KEYWORDS:
            kind, text = "keyword", text.upper()
        elif kind == "operator":
            text = _OPERATORS.get(text, text)
        elif kind == "number" and _is_sign(tokens):
            text = tokens.pop()[1] + text
        tokens.append((kind, text))
    return tokens


def _is_sign(tokens: list[Token]) -> bool:
    """Whether the last token is the sign of the number that follows: nothing stands before it to subtract from."""
    if not tokens or tokens[-1][1] != "-":
        return False
    return len(tokens) == 1 or (tokens[-2][0] in ("operator", "keyword") and tokens[-2][1] not in (")", "]"))


def _bare_names(tokens: list[Token]) -> list[Token]:
    """Take the parentheses off a single name or value: `(title)::text`; those of a call stay."""
    bare: list[Token] = []
    number = 0
    while number < len(tokens):
        is_single = (
            tokens[number][1] == "("
            and number + 2 < len(tokens)
            and tokens[number + 2][1] == ")"
            and tokens[number + 1][0] in ("word", "quoted", "string", "number")
            and not (bare and (bare[-1][0] in ("word", "quoted") or bare[-1][1] in ("IN", "ANY", "ALL")))
        )
        bare.append(tokens[number + 1] if is_single else tokens[number])
        number += 3 if is_single else 1
    return bare


def _without_casts(tokens: list[Token], columns: Collection[str]) -> list[Token]:
    """Leave out the casts that the database wrote: of a literal, of a list of them, of a column of text or numbers."""
    kept: list[Token] = []
    for kind, text in tokens:
        before_kind, before = kept[-1] if kept else ("", "")
        is_literal = before_kind in ("string", "number") or before == "]"
        is_widening = before in columns and text in ("::text", "::numeric", "::double precision")
        if kind != "cast" or not (is_literal or is_widening):
            kept.append((kind, text))
    return kept


def _without_parentheses(tokens: list[Token]) -> list[Token]:
    """Take the parentheses off the whole, and off one comparison among others: `(a > 1) AND (b > 2)`."""
    number = 0
    while number < len(tokens):
        if tokens[number][1] == "(":
            end = _find_end(tokens, number)
            before = tokens[number - 1][1] if number else ""
            after = tokens[end + 1][1] if end + 1 < len(tokens) else ""
            is_apart = before in ("", "AND", "OR", "(") and after in ("", "AND", "OR", ")")
            is_whole = not before and not after
            if is_whole or (is_apart and before + after != "()" and not _has_words(tokens[number + 1 : end])):
                tokens = tokens[:number] + tokens[number + 1 : end] + tokens[end + 1 :]
                number = 0
                continue
        number += 1
    return tokens


def _find_end(tokens: list[Token], start: int) -> int:
    depth = 0
    for number in range(start, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[number][1], 0)
        if depth == 0:
            return number
    return len(tokens) - 1


def _has_words(tokens: list[Token]) -> bool:
    """Whether AND, OR or NOT binds what is between a pair of parentheses, not deeper."""
    depth = 0
    for _, text in tokens:
        depth += {"(": 1, ")": -1}.get(text, 0)
        if depth == 0 and text in ("AND", "OR", "NOT"):
            return True
    return False


def _join(tokens: list[str]) -> str:
    text = ""
    before = ""
    for part in tokens:
        is_call = part.startswith("(") and before not in _SPACED and (before[:1].isalpha() or before[:1] == "_")
        glued = not text or part in _GLUED_BEFORE or before in _GLUED_AFTER or part.startswith("::") or is_call
        text += part if glued else f" {part}"
        before = part
    return text


_GLUED_BEFORE = (")", ",", "]", "[", ".")
_GLUED_AFTER = ("(", "[", ".")
_SPACED = {word.upper() for word in _KEYWORDS} | {"ANY", "ALL"}
