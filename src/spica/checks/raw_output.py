"""raw-output: values that go into a page as they are: `raw(…)` in templates, `Safe(…)` around a made text in Python."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from spica.checks.finding import Found
from spica.checks.project import Project
from spica.checks.python_files import calls, last_name
from spica.checks.template_files import list_expressions, parse_templates

_WHY = "whoever can set the value can put a script into the page (XSS)"


def find(project: Project) -> Iterator[Found]:
    """Look through the templates' expressions and the calls of the code."""
    for file, document in parse_templates(project):
        for line in sorted({node.lineno for node in list_expressions(document.body) if _is_raw(node)}):
            fix = "write {{ value }}, or make sure of it: {# spica: allow(raw-output) who cleaned it #}"
            yield Found(file, line, "raw(…) writes a value without escaping it", _WHY, fix)
    for source in project.python_files:
        for call in calls(source.tree):
            if last_name(call.func) in ("Safe", "raw") and call.args and _is_made(call.args[0]):
                what = f"{last_name(call.func)}(…) declares a text safe that has values in it"
                fix = 'give the values to its format, which escapes them: Safe("<b>{}</b>").format(value)'
                yield Found(source.name, call.lineno, what, _WHY, fix)


def _is_made(node: ast.expr) -> bool:
    """Whether a text is put together of values: an f-string, a sum or `%`, or `.format` before it was declared safe."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        return not (isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant))
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"


def _is_raw(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in ("raw", "|raw")  # the second is a filter's name in the tree
