"""The expressions that write: constants, values escaped for their context, and f-strings that hold several of them.

Measured (CPython 3.11, the fortunes page, us): one f-string a row 3.2; an append for each piece 3.6; a list
comprehension of rows 3.4; a table of writers by type 3.1, but for the types it lacks it must be a subclass of dict,
which is slower.
"""

from __future__ import annotations

import ast

from spica.templates.html_context import Context
from spica.templates.safe import html_of

VALUE = "#value"
ESCAPE, STR, INT, TYPE = "#escape", "#str", "#int", "#type"
WRITERS = {
    Context.TEXT: "#write_text",
    Context.COMMENT: "#write_comment",
    Context.ATTRIBUTE: "#write_attribute",
    Context.URL: "#write_url",
    Context.URL_PART: "#write_url_part",
    Context.STYLE: "#write_style",
    Context.PLAIN: "#write_plain",
    Context.JSON_VALUE: "#write_json_value",
    Context.JSON_STRING: "#write_json_string",
    Context.XML: "#write_xml",
    Context.XML_URL: "#write_xml_url",
}
RAW = "#raw"
_CONSTANT = (Context.TEXT, Context.ATTRIBUTE)
_WITH_FAST_WAY = frozenset([Context.TEXT, Context.ATTRIBUTE, Context.URL, Context.URL_PART])


class Pieces:
    """Literal text and expressions that evaluate to text, in order; neighbouring literals become one."""

    def __init__(self) -> None:
        self.items: list[str | ast.expr] = []

    def add(self, item: str | ast.expr) -> None:
        """Append literal text or an expression whose value is written as it is."""
        if isinstance(item, str) and self.items and isinstance(self.items[-1], str):
            self.items[-1] += item
        elif item != "":
            self.items.append(item)

    def expression(self) -> ast.expr:
        """One expression for all pieces: a constant or an f-string."""
        if not self.items:
            return ast.Constant("")
        if len(self.items) == 1 and isinstance(self.items[0], str):
            return ast.Constant(self.items[0])
        parts: list[ast.expr] = []
        for item in self.items:
            parts.append(ast.Constant(item) if isinstance(item, str) else ast.FormattedValue(item, -1, None))
        return ast.JoinedStr(parts)


def value_expression(value: ast.expr, context: Context) -> ast.expr:
    """The text of a value: `escape(v) if type(v) is str else v if type(v) is int else write(v)`.

    Args:    value: resolved; context: what it is escaped for, not JSON.
    Returns: an expression whose value is text or an int; it evaluates `value` once. What is known now is escaped now,
             also where a condition chooses: `'odd' if n % 2 else 'even'`.
    """
    if isinstance(value, ast.IfExp):
        branches = (value_expression(branch, context) for branch in (value.body, value.orelse))
        return _at(value, ast.IfExp(value.test, *branches))
    if isinstance(value, ast.Constant) and isinstance(value.value, str | int) and context in _CONSTANT:
        return _at(value, ast.Constant(html_of(value.value)))
    first, again = _once(value)
    if context not in _WITH_FAST_WAY:
        return _at(value, _call(WRITERS[context], value))
    test: ast.expr = _is_type(first, STR)
    if context in (Context.URL, Context.URL_PART):
        no_scheme = ast.Compare(ast.Constant(":"), [ast.NotIn()], [again])
        test = ast.BoolOp(ast.And(), [test, no_scheme])
    slow = ast.IfExp(_is_type(again, INT), again, _call(WRITERS[context], again))
    return _at(value, ast.IfExp(test, _call(ESCAPE, again), slow))


def raw_expression(value: ast.expr) -> ast.expr:
    """The text of a value that is written as it is."""
    first, again = _once(value)
    return _at(value, ast.IfExp(_is_type(first, STR), again, _call(RAW, again)))


def _once(value: ast.expr) -> tuple[ast.expr, ast.expr]:
    if isinstance(value, ast.Name):
        return value, ast.Name(value.id, ast.Load())
    store = ast.NamedExpr(ast.Name(VALUE, ast.Store()), value)
    return store, ast.Name(VALUE, ast.Load())


def _is_type(value: ast.expr, kind: str) -> ast.Compare:
    return ast.Compare(_call(TYPE, value), [ast.Is()], [ast.Name(kind, ast.Load())])


def _call(function: str, argument: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(function, ast.Load()), [argument], [])


def _at(place: ast.expr, node: ast.expr) -> ast.expr:
    return ast.copy_location(node, place)
