"""Reads Handlebars expressions into Python's: paths, literals, `(helper value name=value)`.

Rules of this file:
- A helper is a helper or a filter of the other syntaxes; its hash arguments are named ones, `-` in a name becomes `_`.
- Known without being given: eq ne lt lte gt gte and or not concat lookup.
- Every node has its place in the template, as `expressions.py` does it.

Source: the grammar of the Handlebars parser (handlebars.yy), its literals and path segments (handlebars.l).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from spica.templates.errors import TemplateSyntaxError
from spica.templates.source import Place, Source
from spica.templates.syntaxes.handlebars_paths import Contexts, Member

LOOKUP, CONCAT = "#lookup", "#concat"
E = TypeVar("E", bound=ast.expr)

_SEGMENT = r"(?:\[[^\]]*\]|[^\s!\"#%&'()*+,./;<=>@\[\\\]^`{|}~]+)"
_TOKEN = re.compile(
    rf"""
    (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    | (?P<number>-?\d+(?:\.\d+)?)(?=[\s)|]|$)
    | (?P<name>{_SEGMENT})\s*=
    | (?P<path>@?(?:\.\./)*(?:\.\.?(?=[\s)|]|$)|(?:\./)?{_SEGMENT}(?:[./]{_SEGMENT})*))
    | (?P<open>\() | (?P<close>\)) | (?P<pipe>\|)
    """,
    re.VERBOSE,
)
_SPACE = re.compile(r"\s*")
_PART = re.compile(_SEGMENT)
_LITERALS = {"true": True, "false": False, "null": None, "undefined": None}
_COMPARISONS: dict[str, type[ast.cmpop]] = {
    "eq": ast.Eq, "ne": ast.NotEq, "lt": ast.Lt, "lte": ast.LtE, "gt": ast.Gt, "gte": ast.GtE,
}  # fmt: skip


class Token(NamedTuple):
    """One word of an expression: its kind, text, and offsets."""

    kind: str
    text: str
    start: int
    end: int


class Arguments(NamedTuple):
    """What follows a helper's name: values, values by name, and block parameters."""

    values: list[ast.expr]
    named: dict[str, ast.expr]
    names: tuple[str, ...]


class ExpressionReader:
    """Reads the inside of one mustache.

    Args: source, start, end: where it is; contexts: what names mean there.
    """

    def __init__(self, source: Source, start: int, end: int, contexts: Contexts) -> None:
        self.source = source
        self.end = end
        self._contexts = contexts
        self._tokens = self._split(start)
        self._next = 0

    @property
    def token(self) -> Token:
        """What comes next; its kind is "" at the end."""
        return self._tokens[self._next]

    def place(self, token: Token | None = None) -> Place:
        """The place of a token, default the next."""
        return self.source.place((token or self.token).start)

    def take(self) -> Token:
        """The next token, and go on."""
        token = self.token
        self._next += bool(token.kind)
        return token

    def word(self) -> str:
        """The next token as the name of a tag, partial or block; its quotes are left out."""
        token = self.take()
        if token.kind == "string":
            return _unquote(token.text)
        if token.kind not in ("path", "number"):
            raise self.refuse("a name is missing", "write the name that belongs here", token)
        return token.text

    def expression(self) -> ast.expr:
        """All of what is left as one value: a path, a literal, or a helper with its arguments."""
        first = self.token
        value = self._value(is_call=self._is_called())
        if self.token.kind:
            value = self._call(first, value, self.arguments())
        return value

    def value(self) -> ast.expr:
        """One value."""
        return self._value(is_call=False)

    def arguments(self, *, block: bool = False) -> Arguments:
        """What is left as arguments; block: `as |a b|` may end them.

        Raises: TemplateSyntaxError for what can't be read.
        """
        found = self._arguments(block=block)
        if self.token.kind:
            raise self.refuse(f"{self.token.text!r} does not belong here", f"remove {self.token.text!r}", self.token)
        return found

    def refuse(self, what: str, fix: str, token: Token | None = None) -> TemplateSyntaxError:
        """The error for a token."""
        return TemplateSyntaxError(what, place=self.place(token), fix=fix)

    def _arguments(self, *, block: bool) -> Arguments:
        values, named, names = list[ast.expr](), dict[str, ast.expr](), tuple[str, ...]()
        while self.token.kind not in ("", "close"):
            token = self.token
            if block and token.text == "as" and self._tokens[self._next + 1].kind == "pipe":
                names = self._block_parameters()
                break
            if token.kind == "name":
                self.take()
                name = token.text.strip("[]").replace("-", "_")
                if name in named:
                    raise self.refuse(f"{name!r} is given twice", "remove one of them", token)
                if not name.isidentifier():
                    raise self.refuse(f"{name!r} is no name for a value", "use letters, digits and _", token)
                named[name] = self.value()
            elif named:
                raise self.refuse("a value without a name follows one with a name", "put it first", token)
            else:
                values.append(self.value())
        return Arguments(values, named, names)

    def _block_parameters(self) -> tuple[str, ...]:
        self.take()
        opening = self.take()
        names = []
        while self.token.kind == "path" and self.token.text.isidentifier():
            names.append(self.take().text)
        if self.take().kind != "pipe" or not names:
            raise self.refuse("block parameters can't be read", "write {{#each posts as |post index|}}", opening)
        return tuple(names)

    def _is_called(self) -> bool:
        return bool(self._tokens[self._next + 1].kind) if self.token.kind else False

    def _value(self, *, is_call: bool) -> ast.expr:
        token = self.take()
        if token.kind == "open":
            first = self.token
            function = self._value(is_call=True)
            value = self._call(first, function, self._arguments(block=False))
            if self.take().kind != "close":
                raise self.refuse("( is never closed", "add )", token)
            return value
        if token.kind == "string":
            return self.at(ast.Constant(_unquote(token.text)), token)
        if token.kind == "number":
            return self.at(ast.Constant(float(token.text) if "." in token.text else int(token.text)), token)
        if token.kind != "path":
            what = "an expression is missing" if not token.kind else f"{token.text!r} is no value"
            fix = "write a name, a text in quotes, a number or (helper value)"
            raise self.refuse(what, "filters are helpers here: (upper title)" if token.text == "|" else fix, token)
        if token.text in _LITERALS and not is_call:
            return self.at(ast.Constant(_LITERALS[token.text]), token)
        return self._path(token, is_call=is_call)

    def _path(self, token: Token, *, is_call: bool) -> ast.expr:
        text, place = token.text, self.place(token)
        is_data, text = text.startswith("@"), text.removeprefix("@")
        up = 0
        while text.startswith("../"):
            up, text = up + 1, text[3:]
        if text == "..":
            return self.at(self._contexts.whole(up + 1, place), token)
        is_value, text = text.startswith("./"), text.removeprefix("./")
        parts = [(match.group()[1:-1] if match.group()[0] == "[" else match.group()) for match in _PART.finditer(text)]
        if text == "." or (parts[0] == "this" and not is_data):
            rest = [] if text == "." else parts[1:]
            if not rest:
                return self.at(self._contexts.whole(up, place), token)
            parts, is_value = rest, True
        if is_data and parts[0] == "root" and len(parts) > 1:
            top = Contexts()
            root = self.at(top.name(parts[1], 0, place, is_value=True), token)
            return self._members(root, parts[2:], token, is_call=is_call)
        first = (
            self._contexts.data(parts[0], up, place)
            if is_data
            else self._contexts.name(parts[0], up, place, is_value=is_value)
        )
        return self._members(self.at(first, token), parts[1:], token, is_call=is_call)

    def _members(self, value: ast.expr, parts: list[str], token: Token, *, is_call: bool) -> ast.expr:
        for part in parts:
            if part.isdecimal():
                value = self.at(ast.Subscript(value, ast.Constant(int(part)), ast.Load()), token)
            elif not part.isidentifier():
                value = self.at(ast.Subscript(value, ast.Constant(part), ast.Load()), token)
            else:
                # A helper's part is called as it is: `paths.post post`.
                kind = ast.Attribute if is_call else Member
                value = self.at(kind(value, part, ast.Load()), token)
        return value

    def _call(self, first: Token, function: ast.expr, arguments: Arguments) -> ast.expr:
        special = _SPECIAL.get(first.text)
        if special is not None:
            if arguments.named or len(arguments.values) not in special.counts:
                raise self.refuse(f"{first.text} takes {special.takes}", f"write ({first.text} {special.takes})", first)
            return self.at(special.build(arguments.values), first)
        keywords = [ast.keyword(name, value) for name, value in arguments.named.items()]
        for keyword in keywords:
            ast.copy_location(keyword, keyword.value)
        return self.at(ast.Call(function, arguments.values, keywords), first)

    def at(self, node: E, token: Token) -> E:
        """Give a node, and what it is made of, the place of a token."""
        start, end = self.source.place(token.start), self.source.place(token.end)
        for part in ast.walk(node):
            if isinstance(part, ast.expr) and not hasattr(part, "lineno"):
                part.lineno, part.col_offset = start.line, start.byte_column
                part.end_lineno, part.end_col_offset = end.line, end.byte_column
        return node

    def _split(self, start: int) -> list[Token]:
        tokens, offset = list[Token](), _after_space(self.source.text, start)
        while offset < self.end:
            match = _TOKEN.match(self.source.text, offset, self.end)
            if match is None or match.lastgroup is None:
                character = self.source.text[offset]
                fix = "filters are helpers here: (upper title)" if character == "|" else f"remove {character!r}"
                raise TemplateSyntaxError(
                    f"expression can't be read: {character!r}",
                    place=self.source.place(offset),
                    why="it is no path, text, number or (helper)",
                    fix=fix,
                )
            tokens.append(Token(match.lastgroup, match[match.lastgroup], offset, match.end()))
            offset = _after_space(self.source.text, match.end())
        return [*tokens, Token("", "", min(self.end, len(self.source.text)), self.end)]


class _Special(NamedTuple):
    counts: range
    takes: str
    build: Callable[[list[ast.expr]], ast.expr]


def _compare(name: str) -> _Special:
    def build(values: list[ast.expr]) -> ast.expr:
        return ast.Compare(values[0], [_COMPARISONS[name]()], [values[1]])

    return _Special(range(2, 3), "two values", build)


def _lookup(values: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.Name(LOOKUP, ast.Load()), values, [])


def _concat(values: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.Name(CONCAT, ast.Load()), values, [])


_SPECIAL: dict[str, _Special] = {
    **{name: _compare(name) for name in _COMPARISONS},
    "and": _Special(range(2, 99), "two values or more", lambda values: ast.BoolOp(ast.And(), values)),
    "or": _Special(range(2, 99), "two values or more", lambda values: ast.BoolOp(ast.Or(), values)),
    "not": _Special(range(1, 2), "one value", lambda values: ast.UnaryOp(ast.Not(), values[0])),
    "concat": _Special(range(1, 99), "values", _concat),
    "lookup": _Special(range(2, 3), "a value and a key", _lookup),
}


def _unquote(text: str) -> str:
    return text[1:-1].replace("\\" + text[0], text[0])


def _after_space(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    assert match is not None
    return match.end()
