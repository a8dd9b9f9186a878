"""The syntax of `.html.erb`: `<%= expression %>`, `<%== raw %>`, `<% tag %>`, `<%# comment %>`, and `<%%` for `<%`.

Rules of this file:
- The tags are those of the default syntax, and Python's colon may end them: `<% for post in posts: %>`.
- `<%= yield %>` and `<%= yield :head %>` are the tag `yield`, and `do` may end a tag that opens something, as in Ruby.
- `<%- tag -%>` removes the white space on that side, as `{%- tag -%}` does.
"""

from __future__ import annotations

import ast
import re

from spica.templates.expressions import parse_expression
from spica.templates.nodes import Document, Output
from spica.templates.source import Source
from spica.templates.syntaxes.lexer import COMMENT, OUTPUT, TAG, Delimiters, Token, split_template
from spica.templates.syntaxes.spica import Parser

_YIELD = re.compile(r"""\s*yield\s*(?:[:"']?([^\W\d][\w-]*)["']?)?\s*""")
_WITH_DO = frozenset(["block", "cache", "component", "content_for", "fill", "fragment", "macro", "slot"])
_DO = re.compile(r"\sdo$")
_RAW = "=="
_DELIMITERS = Delimiters(
    re.compile(r"<%(?:-|==?|#|%)?"),
    {"<%": (TAG, "%>"), "<%=": (OUTPUT, "%>"), "<%==": (OUTPUT, "%>"), "<%#": (COMMENT, "%>")},
    re.compile(r"<%-?\s*endverbatim\s*-?%>"),
    {"<%%": "<%"},
)


def parse_erb(source: Source) -> Document:
    """Read a `.html.erb` template into its tree.

    Raises: TemplateError subclasses with the place of the first mistake.
    """
    parser = Parser(source)
    for token in split_template(source, _DELIMITERS):
        if token.kind == TAG:
            token.end = _without_colon(source, token)
        if token.kind == OUTPUT and (asked := _YIELD.fullmatch(source.text, token.start, token.end)):
            parser.add_yield(source.place(token.offset), asked[1] or "")
        elif token.kind == OUTPUT and source.text.startswith(_RAW, token.start - len(_RAW)):
            parser.tree.add(_read_raw(source, token))
        else:
            parser.read(token)
    return parser.tree.finish()


def _read_raw(source: Source, token: Token) -> Output:
    value = parse_expression(source, token.start, token.end)
    name = ast.copy_location(ast.Name("raw", ast.Load()), value)
    return Output(source.place(token.offset), ast.copy_location(ast.Call(name, [value], []), value))


def _without_colon(source: Source, token: Token) -> int:
    code = source.text[token.start : token.end].rstrip()
    if token.word in _WITH_DO and _DO.search(code):
        return token.start + len(code) - len("do")
    return token.start + len(code) - 1 if code.endswith(":") else token.end
