"""Collects what a generated function does: statements, and the output between them, with the HTML state it leaves.

Rules of this file:
- Output waits as pieces until a statement must come after it; then it becomes one `add(f"…")`.
- A state that two ways of going through the template disagree about is an error, not a guess.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from spica.templates import html_state as html
from spica.templates.errors import MarkupMismatchError, UnsafeContextError
from spica.templates.formats import HTML, XML
from spica.templates.html_context import Context, describe, output_context, xml_context
from spica.templates.lines import Segment
from spica.templates.output import Pieces, raw_expression, value_expression
from spica.templates.safe import html_of
from spica.templates.source import Place

PARTS, ADD = "#parts", "#add"


@dataclass(slots=True)
class Part:
    """What a branch or a loop's body does: statements, then pieces of output, which `add` takes."""

    add: str = ADD
    statements: list[ast.stmt] = field(default_factory=list)
    pieces: Pieces = field(default_factory=Pieces)


class Writer:
    """The body of one function while it is generated.

    Args: format: what its text is, see `formats.py`.
    """

    def __init__(self, format: str = HTML) -> None:
        self.format = format
        self.start = self.html = html.STARTS[format]
        self._part = Part()
        self._left_text: tuple[Place, str] | None = None  # the last literal text in which something was opened

    def text(self, place: Place, value: str) -> None:
        """Write literal text."""
        before = self.html
        try:
            self.html = html.advance(before, value)
        except html.UnsafeOutput as unsafe:
            raise _unsafe(_moved(place, value, unsafe.offset), unsafe) from None
        if before == self.start != self.html:
            self._left_text = (place, value)
        self._part.pieces.add(value)

    def opening(self, end: Place) -> Place:
        """The place of the tag, script or comment that is open now; `end` where that is not known."""
        if self._left_text is None:
            return end
        place, text = self._left_text
        tags = [match.start() for match in re.finditer("<", text)]
        outside = [offset for offset in tags if html.advance(self.start, text[:offset]) == self.start]
        return _moved(place, text, outside[-1]) if outside else end

    def value(self, place: Place, value: ast.expr, *, is_json: bool = False) -> None:
        """Write a value, escaped for where it stands.

        Args:   value: resolved; is_json: whether it is the result of the `json` filter.
        Raises: UnsafeContextError where no escaping is enough.
        """
        try:
            context = xml_context(self.html) if self.format == XML else output_context(self.html)
            if context is Context.JSON and not is_json:
                raise html.UnsafeOutput(
                    "an output inside a JSON script", "text that is no JSON breaks it", "write {{ value | json }}"
                )
        except html.UnsafeOutput as unsafe:
            raise _unsafe(place, unsafe) from None
        self.html = html.after_output(self.html)
        constant = value.value if isinstance(value, ast.Constant) else None
        if context is Context.JSON or (context is Context.JSON_VALUE and is_json):
            self._part.pieces.add(value)
        elif isinstance(constant, str | int) and context in (Context.TEXT, Context.ATTRIBUTE):
            self._part.pieces.add(html_of(constant))
        else:
            self._part.pieces.add(value_expression(value, context))

    def raw(self, value: ast.expr) -> None:
        """Write a value as it is, wherever it stands."""
        self._part.pieces.add(raw_expression(value))
        self.html = html.after_output(self.html)

    def call(self, place: Place, call: ast.expr) -> None:
        """Write the result of a call that is complete HTML.

        Raises: UnsafeContextError outside of text.
        """
        if self.html != self.start:
            unsafe = html.UnsafeOutput(
                "an include that is called stands inside a tag or script",
                "it calls itself or its name is a value, so it is compiled on its own, as a piece of text",
                "move it between tags, or include a template whose name is known",
            )
            raise _unsafe(place, unsafe)
        self._part.pieces.add(call)

    def statement(self, statement: ast.stmt, segment: Segment, place: Place, *, after_output: bool = True) -> None:
        """Append a statement; `after_output=False` when the output that waits can't depend on it."""
        if after_output:
            self.flush()
        self._part.statements.append(located(statement, segment, place))

    @contextmanager
    def part(self, add: str = "") -> Iterator[Part]:
        """Collect a branch or a loop's body apart; `add` takes its output, else what took it before."""
        outer, self._part = self._part, Part(add or self._part.add)
        try:
            yield self._part
        finally:
            self._part = outer

    def choose(self, choices: list[tuple[ast.expr, Part]], otherwise: Part, segment: Segment, place: Place) -> None:
        """Write one of several parts: as an expression when they are output only, else as a statement."""
        if not any(part.statements for part in [otherwise, *(part for _, part in choices)]):
            chosen = otherwise.pieces.expression()
            for test, part in reversed(choices):
                chosen = ast.copy_location(ast.IfExp(test, part.pieces.expression(), chosen), test)
            self._part.pieces.add(chosen)
            return
        self.flush()
        statements = body_of(otherwise)
        for test, part in reversed(choices):
            statements = [located(ast.If(test, body_of(part) or [ast.Pass()], statements), segment, place)]
        self._part.statements += statements

    def flush(self) -> None:
        """Turn the output that waits into a statement."""
        self._part.statements = body_of(self._part)
        self._part.pieces = Pieces()

    def run(self, statements: list[ast.stmt]) -> None:
        """Append statements that have their places, after the output that waits."""
        self.flush()
        self._part.statements += statements

    def result(self, value: ast.expr) -> None:
        """Write text that is escaped already."""
        self._part.pieces.add(value)

    def finish(self, before: Sequence[ast.stmt] = (), after: Sequence[ast.stmt] = ()) -> list[ast.stmt]:
        """The function's body, without its arguments; `before` and `after` are run around it."""
        if not self._part.statements:
            return [ast.Return(self._part.pieces.expression())]
        self.flush()
        parts = ast.Name(PARTS, ast.Load())
        joined = ast.Call(ast.Attribute(ast.Constant(""), "join", ast.Load()), [parts], [])
        return [
            ast.Assign([ast.Name(PARTS, ast.Store())], ast.List([], ast.Load())),
            ast.Assign([ast.Name(ADD, ast.Store())], ast.Attribute(parts, "append", ast.Load())),
            *before,
            *self._part.statements,
            *after,
            ast.Return(joined),
        ]


def merge_states(states: Sequence[html.HtmlState], place: Place, what: str) -> html.HtmlState:
    """The one HTML state after several ways.

    Raises: MarkupMismatchError when they end in different places of the grammar.
    """
    merged = states[0]
    for state in states[1:]:
        both = html.merge(merged, state)
        if both is None:
            raise MarkupMismatchError(
                f"{what} end in different places of the HTML",
                place=place,
                why=f"one ends {describe(merged)}, another {describe(state)}",
                fix="open and close a quote, tag or script in the same branch",
            )
        merged = both
    return merged


def body_of(part: Part) -> list[ast.stmt]:
    """The statements of a part, its output included."""
    if not part.pieces.items:
        return part.statements
    write = ast.Expr(ast.Call(ast.Name(part.add, ast.Load()), [part.pieces.expression()], []))
    place = next((item for item in part.pieces.items if isinstance(item, ast.expr) and hasattr(item, "lineno")), None)
    return [*part.statements, ast.copy_location(write, place) if place else write]


def located(statement: ast.stmt, segment: Segment, place: Place) -> ast.stmt:
    """Give a statement the place of its tag."""
    statement.lineno = statement.end_lineno = segment.base + place.line
    statement.col_offset = statement.end_col_offset = place.byte_column
    return statement


def _moved(place: Place, text: str, offset: int) -> Place:
    """The place of a character of a text; the text's own where white space was removed from it."""
    source = place.source
    start = source.line_starts[place.line - 1] + place.column - 1
    return source.place(start + offset) if source.text.startswith(text, start) else place


def _unsafe(place: Place, unsafe: html.UnsafeOutput) -> UnsafeContextError:
    return UnsafeContextError(unsafe.what, place=place, why=unsafe.why, fix=unsafe.fix)
