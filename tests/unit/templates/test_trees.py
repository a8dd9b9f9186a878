"""What replaces walks of the standard library gives what they give: copies, places, paths without Python's parser."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path

import pytest

from spica.templates import expressions, html_state
from spica.templates.errors import TemplateSyntaxError
from spica.templates.expressions import parse_expression
from spica.templates.source import Source
from spica.templates.trees import copy_tree, fill_places, move_tree

EXPRESSIONS = [
    "a",
    "a.b",
    " a.b.c ",
    "a[b:c](d, *e, f=g, **h)",
    "{a: b, **c} | {d} or [e, f]",
    "[a for a, b in c if d if e]",
    "lambda a, b=c, *, d=e, **f: a + -b",
    "f'{a!r:>{b}} c'",
    "a < b <= c if not d else (yield)",
    "(a,\n b\n.c)",
]


@pytest.mark.parametrize("code", EXPRESSIONS)
def test_a_copy_is_as_the_original_and_shares_nothing_that_has_a_place(code: str) -> None:
    tree = ast.parse(f"({code})").body[0]
    before = ast.dump(tree, include_attributes=True)
    copied = copy_tree(tree, 0)
    assert ast.dump(copied, include_attributes=True) == before
    placed = {id(node) for node in ast.walk(tree) if node._attributes}
    assert not placed & {id(node) for node in ast.walk(copied)}
    assert ast.dump(copy_tree(tree, 7), include_attributes=True) == ast.dump(
        ast.increment_lineno(copied, 7), include_attributes=True
    )
    assert ast.dump(tree, include_attributes=True) == before


@pytest.mark.parametrize("code", EXPRESSIONS)
def test_moving_keeps_columns_of_later_lines(code: str) -> None:
    tree = ast.parse(f"({code})")
    expected = {
        (node.lineno + 3, node.col_offset + 5 * (node.lineno == 1), node.end_lineno + 3)
        for node in ast.walk(tree)
        if isinstance(node, ast.expr) and node.end_lineno
    }
    move_tree(tree, 3, 5)
    moved = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
    assert {(node.lineno, node.col_offset, node.end_lineno) for node in moved} == expected


@pytest.mark.parametrize("code", EXPRESSIONS)
def test_places_are_filled_as_the_standard_library_does(code: str) -> None:
    def with_holes() -> ast.Module:
        tree = ast.parse(f"for x in y:\n  z = ({code})")
        for node in itertools.islice(ast.walk(tree), 2, None, 2):
            for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
                node.__dict__.pop(name, None)
        return tree

    wanted = ast.dump(ast.fix_missing_locations(with_holes()), include_attributes=True)
    assert ast.dump(fill_places(with_holes()), include_attributes=True) == wanted


@pytest.mark.parametrize(
    "code", ["a", "a.b", "  a1._b.c  ", "None", "True", "none.x", "é.b", "a.if", "a. b", "a..b", "1a"]
)
@pytest.mark.parametrize("before", ["", "ü", "\n\n  ü\t"])
def test_a_path_is_read_as_python_reads_it(code: str, before: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source("page", Path("page.html"), f"{before}{code}")

    def read() -> str:
        try:
            expression = parse_expression(source, len(before), len(source.text))
        except TemplateSyntaxError as error:
            return str(error)
        return ast.dump(expression, include_attributes=True)

    found = read()
    monkeypatch.setattr(expressions, "_read_path", lambda *_: None)
    assert found == read()


PARTS = ["<", "</", ">", "/>", "p", "script", "title", " ", "\n", 'a="b"', 'href="', "'", '"', "=", "x", "<!--", "-->"]


@pytest.mark.parametrize("first", PARTS)
def test_skipping_whole_tags_leads_where_single_steps_lead(first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"<b>{first}{''.join(rest)}" for rest in itertools.product(PARTS, repeat=3)]
    texts += [f"{text}><p>" for text in texts] + [f"<{text[3:]}>" for text in texts]
    skipped = [_follow(text) for text in texts]
    monkeypatch.setattr(html_state, "_WHOLE_TAGS", re.compile("(?!)"))
    assert skipped == [_follow(text) for text in texts]


def _follow(text: str) -> object:
    try:
        return html_state.advance(html_state.START, text)
    except html_state.UnsafeOutput as unsafe:
        return unsafe.what, unsafe.offset
