"""Reads Python expressions out of template text, with positions that point into the template.

Rules of this file:
- Python's own parser reads every expression; this file only finds where it starts, ends and is piped.
- `|` outside brackets applies a filter to everything on its left, whatever Python's precedence is. The filter becomes a
  call of a name that starts with `|`, which no user can write; `scopes.py` resolves it.
- Nodes carry the template's real lines and UTF-8 byte columns, so that tracebacks and carets need no translation.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from keyword import iskeyword

from spica.templates.errors import TemplateSyntaxError
from spica.templates.source import Source
from spica.templates.trees import move_tree

FILTER_MARK = "|"

_STRING_START = re.compile(r"'''|\"\"\"|'|\"")
_SIGNATURE = re.compile(r"[^\W\d]\w*\s*\(.*\)$", re.DOTALL)
_ARGUMENT = re.compile(r"[^\W\d]\w*\s*=(?!=)")
_PATH = re.compile(r" *[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)* *", re.ASCII)
_MARKS = re.compile(r"[|()\[\]{}'\"]")
_LOAD = ast.Load()
_BRACKETS = {")": "(", "]": "[", "}": "{"}


def code_characters(
    source: Source, start: int, end: int, wanted: re.Pattern[str] | None = None
) -> Iterator[tuple[int, str, list[str]]]:
    """Walk over code, leaving out string literals.

    Args:    source: the template; start, end: offsets of the code; wanted: matches the characters to stop at, brackets
             and quotes among them, default every one.
    Returns: (offset, character, brackets open before it), the list being live.
    Raises:  TemplateSyntaxError for a string without an end.
    """
    text, offset, open_brackets = source.text, start, list[str]()
    while offset < end:
        if wanted is not None:
            found = wanted.search(text, offset, end)
            if found is None:
                return
            offset = found.start()
        character = text[offset]
        if character in "'\"":
            offset = _string_end(source, offset, end)
            continue
        yield offset, character, open_brackets
        if character in "([{":
            open_brackets.append(character)
        elif character in ")]}" and open_brackets:
            open_brackets.pop()
        offset += 1


def parse_expression(source: Source, start: int, end: int) -> ast.expr:
    """Read one expression with its filters.

    Args:    source: the template; start, end: offsets of the expression.
    Returns: a Python expression; filters are calls of names that start with `|`.
    Raises:  TemplateSyntaxError with the place that Python's parser points at.
    """
    path = _PATH.fullmatch(source.text, start, end)
    if path is not None and (value := _read_path(source, start, path.group())) is not None:
        return value
    pipes = [
        offset
        for offset, character, brackets in _checked(source, start, end, _MARKS)
        if character == "|" and not brackets
    ]
    bounds = [start, *(pipe + 1 for pipe in pipes)]
    ends = [*pipes, end]
    value = _parse_python(source, bounds[0], ends[0])
    if isinstance(value, ast.GeneratorExp) and source.text[_skip_space(source, start)] != "(":
        raise TemplateSyntaxError(
            "a loop stands in an expression",
            place=source.place(_skip_space(source, start)),
            why="without brackets, 'for' belongs to the tag",
            fix='brackets make it a list; in an include for comes first: {% include "row" for p in ps n=1 %}',
        )
    for part_start, part_end in zip(bounds[1:], ends[1:], strict=True):
        value = as_filter(source, value, _parse_python(source, part_start, part_end), part_start)
    return value


def _read_path(source: Source, start: int, path: str) -> ast.expr | None:
    """A name, or attributes of one, without Python's parser, which most outputs don't need; None for a keyword."""
    names = path.strip(" ").split(".")
    if any(map(iskeyword, names)):
        return None
    place = source.place(start)
    line, first = place.line, place.byte_column + len(path) - len(path.lstrip(" "))
    end = first + len(names[0])
    value: ast.expr = ast.Name(names[0], _LOAD, lineno=line, end_lineno=line, col_offset=first, end_col_offset=end)
    for name in names[1:]:
        end += 1 + len(name)
        value = ast.Attribute(value, name, _LOAD, lineno=line, end_lineno=line, col_offset=first, end_col_offset=end)
    return value


def as_filter(source: Source, value: ast.expr, call: ast.expr, offset: int) -> ast.Call:
    """Build the call that applies a filter: `value | name(arguments)`."""
    function = call.func if isinstance(call, ast.Call) else call
    if not isinstance(function, ast.Name):
        raise TemplateSyntaxError(
            "a filter is not a name",
            place=source.place(_skip_space(source, offset)),
            why="after | comes a filter's name, with or without arguments",
            fix="write {{ value | name }} or {{ value | name(argument) }}, and to go on: (value | name) > 3",
        )
    name = ast.copy_location(ast.Name(FILTER_MARK + function.id, ast.Load()), function)
    arguments = call.args if isinstance(call, ast.Call) else []
    keywords = call.keywords if isinstance(call, ast.Call) else []
    return ast.copy_location(ast.Call(name, [value, *arguments], keywords), call)


def parse_targets(source: Source, start: int, end: int) -> ast.expr:
    """Read what `for` and `set` assign to: a name, or names to unpack into."""
    target = _parse_python(source, start, end)
    for node in ast.walk(target):
        if isinstance(node, ast.Name | ast.Tuple | ast.List | ast.Starred):
            node.ctx = ast.Store()
        elif not isinstance(node, ast.expr_context):
            raise TemplateSyntaxError(
                "only names can be assigned to",
                place=source.place(_skip_space(source, start)),
                why=f"{source.text[start:end].strip()!r} is not a name or a list of names",
                fix="use a name, or names with commas: {% for key, value in pairs %}",
            )
    return target


def parse_parameters(source: Source, start: int, end: int) -> ast.arguments:
    """Read the declaration of `params`: `name: type = default, ...`, all by keyword."""
    checked = list(_checked(source, start, end))
    if not any(not character.isspace() for _, character, _ in checked):
        raise _nothing_here(source, start)
    prefix = "def _(*, "
    tree = _parse(source, start, end, prefix, "\n): pass")
    function = tree.body[0]
    if len(tree.body) != 1 or not isinstance(function, ast.FunctionDef) or function.args.kwarg or function.args.vararg:
        raise TemplateSyntaxError(
            "params can't be read",
            place=source.place(_skip_space(source, start)),
            fix='write {% params posts: list, title: str = "Posts" %}',
        )
    return function.args


def parse_signature(source: Source, start: int, end: int) -> tuple[str, ast.arguments]:
    """Read the head of a macro: `field(name, value="", *, wide=False)`.

    Returns: its name, and its parameters as Python has them, without `*rest` and `**rest`.
    """
    code = source.text[start:end]
    if _SIGNATURE.match(code.strip()):
        checked = list(_checked(source, start, end))
        functions = _parse(source, start, end, "def ", ": pass").body if checked else []
        function = functions[0] if len(functions) == 1 else None
        if isinstance(function, ast.FunctionDef) and not (function.args.vararg or function.args.kwarg):
            return function.name, function.args
    raise TemplateSyntaxError(
        "macro can't be read",
        place=source.place(_skip_space(source, start)),
        why=f"{code.strip()!r} is not a name with parameters, each of them with a name of its own",
        fix='write {% macro field(name, value="") %}',
    )


def parse_arguments(source: Source, start: int, end: int) -> tuple[tuple[int, int], dict[str, ast.expr]]:
    """Read `expression name=value name=value`, commas optional.

    Returns: the bounds of what stands before the first name, and the values by name.
    Raises:  TemplateSyntaxError for a value that can't be read or a name that comes twice.
    """
    heads = list(_argument_heads(source, start, end))
    bounds = [head for head, _, _ in heads] + [end]
    values: dict[str, ast.expr] = {}
    for (head, name, value_start), following in zip(heads, bounds[1:], strict=True):
        if name in values:
            raise TemplateSyntaxError(f"{name!r} is given twice", place=source.place(head), fix="remove one of them")
        values[name] = parse_expression(source, value_start, _without_comma(source, value_start, following))
    return (start, _without_comma(source, start, bounds[0])), values


def find_top_level(source: Source, start: int, end: int, wanted: re.Pattern[str]) -> re.Match[str] | None:
    """The first match outside strings and brackets, or None."""
    for offset, _, brackets in code_characters(source, start, end):
        if not brackets and (match := wanted.match(source.text, offset, end)):
            return match
    return None


def _argument_heads(source: Source, start: int, end: int) -> Iterator[tuple[int, str, int]]:
    before = ","
    for offset, character, brackets in code_characters(source, start, end):
        if (
            not brackets
            and (before.isspace() or before == ",")
            and (match := _ARGUMENT.match(source.text, offset, end))
        ):
            yield offset, match.group().rstrip("=").strip(), match.end()
        before = source.text[offset] if not character.isspace() else " "


def _without_comma(source: Source, start: int, end: int) -> int:
    text = source.text[start:end].rstrip()
    return start + len(text.removesuffix(","))


def _checked(
    source: Source, start: int, end: int, wanted: re.Pattern[str] | None = None
) -> Iterator[tuple[int, str, list[str]]]:
    """Like `code_characters`, but a bracket that closes nothing is an error: `a) + (b` must not pass in our pair."""
    for offset, character, brackets in code_characters(source, start, end, wanted):
        if character in _BRACKETS and (not brackets or brackets[-1] != _BRACKETS[character]):
            raise TemplateSyntaxError(
                f"{character!r} closes nothing",
                place=source.place(offset),
                fix=f"remove it or open a {_BRACKETS[character]!r}",
            )
        yield offset, character, brackets


def _parse_python(source: Source, start: int, end: int) -> ast.expr:
    if not source.text[start:end].strip():
        raise _nothing_here(source, start)
    statement = _parse(source, start, end, "(", "\n)").body[0]
    assert isinstance(statement, ast.Expr)
    return statement.value


def _parse(source: Source, start: int, end: int, prefix: str, suffix: str) -> ast.Module:
    try:
        tree = ast.parse(prefix + source.text[start:end] + suffix)
    except SyntaxError as error:
        raise _syntax_error(source, start, end, prefix, error) from None
    except ValueError as error:  # a NUL character
        raise TemplateSyntaxError(f"expression can't be read: {error}", place=source.place(start)) from None
    place = source.place(start)
    move_tree(tree, place.line - 1, place.byte_column - len(prefix))
    return tree


def _syntax_error(source: Source, start: int, end: int, prefix: str, error: SyntaxError) -> TemplateSyntaxError:
    line, column = error.lineno or 1, (error.offset or 1) - 1
    code = source.text[start:end]
    if line == 1:
        offset = start + max(0, column - len(prefix))
    else:
        offset = start + sum(len(text) + 1 for text in code.split("\n")[: line - 1]) + column
    last = start + len(code.rstrip())
    offset = _skip_space(source, start) if offset < start or not code.strip() else min(offset, last)
    return TemplateSyntaxError(
        f"expression can't be read: {error.msg}",
        place=source.place(offset),
        why=f"{' '.join(code.split())!r} is not a Python expression",
        fix="write one Python expression; filters follow it after |",
    )


def _nothing_here(source: Source, start: int) -> TemplateSyntaxError:
    return TemplateSyntaxError(
        "an expression is missing", place=source.place(start), fix="write the value that belongs here"
    )


def _string_end(source: Source, offset: int, end: int) -> int:
    text = source.text
    match = _STRING_START.match(text, offset)
    assert match is not None
    quote, position = match.group(), match.end()
    while position < end:
        if text[position] == "\\":
            position += 2
        elif text.startswith(quote, position):
            return position + len(quote)
        elif text[position] == "\n" and len(quote) == 1:
            break
        else:
            position += 1
    raise TemplateSyntaxError(
        "a string has no end",
        place=source.place(offset),
        why=f"it starts with {quote} and no other {quote} follows" + (" on its line" if len(quote) == 1 else ""),
        fix=f"close it with {quote}",
    )


def _skip_space(source: Source, offset: int) -> int:
    while offset < len(source.text) and source.text[offset].isspace():
        offset += 1
    return offset
