"""What is known of the types in templates: models and lists of them, from `params`, and from the render calls.

Rules of this file:
- Only what is written out counts: `posts: Page[Post]` in `params`; `post = await Post.find(id)`, `self.posts = await
  Post.where(…)` and `def show(self, post: Post)` in a controller. Two actions that give one template different types
  give it none.
- What is not known is not wrong.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from spica.checks.python_files import PythonFile, last_name
from spica.orm.relations.registry import list_models
from spica.templates.expressions import FILTER_MARK
from spica.templates.syntaxes.handlebars import ONE
from spica.templates.syntaxes.handlebars_paths import PAIRS, THIS, VALUES, ContextName

_ONE = frozenset(
    ["find", "find_by", "first", "last", "take", "sole", "find_or_initialize_by", "find_or_create_by", "create"]
)
_MANY = frozenset(
    ["all", "where", "order", "includes", "limit", "offset", "where_not", "distinct", "paginate", "unscoped"]
)
_LISTS = frozenset(["list", "tuple", "Page", "Sequence", "Iterable", "Collection", "Query"])


class Known(NamedTuple):
    """A model, or a list of it."""

    model: Any
    is_many: bool = False


Names = Mapping[str, "Known | None"]


def models_by_name() -> dict[str, Any]:
    """The models of the application by their class's name; one that two modules have is left out."""
    found: dict[str, Any] = {}
    for model in list_models():
        name = model.__name__
        if getattr(sys.modules.get(model.__module__), name, None) is model:  # not one of an earlier import
            found[name] = model if found.get(name, model) is model else None
    return {name: model for name, model in found.items() if model is not None}


def read_annotation(text: str, models: Mapping[str, Any]) -> Known | None:
    """The type that `params` or a signature writes: `Post`, `Post | None`, `Page[Post]`."""
    try:
        return _of_annotation(ast.parse(text, mode="eval").body, models)
    except SyntaxError:
        return None


def _of_annotation(node: ast.expr, models: Mapping[str, Any]) -> Known | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return read_annotation(node.value, models)
    if isinstance(node, ast.BinOp):  # `Post | None`
        sides = [
            side for side in (node.left, node.right) if not (isinstance(side, ast.Constant) and side.value is None)
        ]
        return _of_annotation(sides[0], models) if len(sides) == 1 else None
    if isinstance(node, ast.Subscript):
        inner = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
        known = _of_annotation(inner, models)
        is_list = last_name(node.value) in _LISTS and known is not None and not known.is_many
        return Known(known.model, is_many=True) if is_list and known is not None else None
    model = models.get(last_name(node))
    return Known(model) if model is not None else None


def type_of(node: ast.expr, names: Names) -> Known | None:
    """The type of a template's expression."""
    if isinstance(node, ContextName):
        owner = names.get(node.context or THIS) if node.context or node.id not in names else None
        return part_of(owner, node.id) if owner is not None else names.get(node.id)
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = type_of(node.value, names)
        return part_of(owner, node.attr) if owner is not None else None
    if isinstance(node, ast.Subscript):
        owner = type_of(node.value, names)
        if owner is None or not owner.is_many:
            return None
        return owner if isinstance(node.slice, ast.Slice) else Known(owner.model)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):  # a filter inside of brackets
        piped = type_of(node.left, names)
        is_item = last_name(node.right) in ("first", "last") and piped is not None and piped.is_many
        return Known(piped.model) if is_item and piped is not None else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
        given = type_of(node.args[0], names)
        word = node.func.id.removeprefix(FILTER_MARK)
        if word in ("first", "last") and given is not None and given.is_many:
            return Known(given.model)
        return given if word in (VALUES, PAIRS, ONE, "sorted", "reversed", "list") else None
    return None


def part_of(owner: Known, name: str) -> Known | None:
    """The type of a record's part: of a relation its model."""
    relation = None if owner.is_many else owner.model.__schema__.relations.get(name)
    return None if relation is None else Known(relation.target, is_many=relation.many)


def item_types(target: ast.expr, iterable: ast.expr, names: Names) -> dict[str, Known | None]:
    """The types of a loop's variables."""
    bound: dict[str, Known | None] = {node.id: None for node in ast.walk(target) if isinstance(node, ast.Name)}
    known = type_of(iterable, names)
    called = iterable.func.id if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Name) else ""
    item = target.elts[1] if called in (PAIRS, "enumerate") and isinstance(target, ast.Tuple) else target
    if called == "enumerate" and isinstance(iterable, ast.Call) and iterable.args:
        known = type_of(iterable.args[0], names)
    if isinstance(item, ast.Name) and known is not None:
        if called == ONE:
            bound[item.id] = known
        elif known.is_many:
            bound[item.id] = Known(known.model)
    return bound


class Rendered(NamedTuple):
    """A render call of a controller: the file and line, the template as written, and the types of what it gives."""

    file: PythonFile
    call: ast.Call
    given: dict[str, Known | None]


def rendered_types(file: PythonFile, models: Mapping[str, Any]) -> Iterator[Rendered]:
    """The render calls of a controller's file."""
    for owner in ast.walk(file.tree):
        if not isinstance(owner, ast.ClassDef):
            continue
        shared = _merge(_assignments(owner, models, of_self=True))
        for function in owner.body:
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            own: dict[str, Known | None] = {
                one.arg: read_annotation(ast.unparse(one.annotation), models)
                for one in function.args.args
                if one.annotation is not None
            }
            own |= _merge(_assignments(function, models, of_self=False))
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and last_name(call.func) in ("render", "render_partial"):
                    given = {word.arg: _value(word.value, own, shared, models) for word in call.keywords if word.arg}
                    yield Rendered(file, call, {**shared, **given})


def _assignments(tree: ast.AST, models: Mapping[str, Any], *, of_self: bool) -> Iterator[tuple[str, Known | None]]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Assign) and len(node.targets) == 1):
            continue
        target = node.targets[0]
        if of_self and isinstance(target, ast.Attribute) and last_name(target.value) == "self":
            yield target.attr, _of_query(node.value, models)
        elif not of_self and isinstance(target, ast.Name):
            yield target.id, _of_query(node.value, models)


def _merge(pairs: Iterator[tuple[str, Known | None]]) -> dict[str, Known | None]:
    merged: dict[str, Known | None] = {}
    for name, known in pairs:
        merged[name] = known if merged.get(name, known) == known else None
    return merged


def _value(node: ast.expr, own: Names, shared: Names, models: Mapping[str, Any]) -> Known | None:
    if isinstance(node, ast.Name):
        return own.get(node.id)
    if isinstance(node, ast.Attribute) and last_name(node.value) == "self":
        return shared.get(node.attr)
    return _of_query(node, models)


def _of_query(node: ast.expr, models: Mapping[str, Any]) -> Known | None:
    """What `await Post.where(…).first()`, `await Post.all()` or `Post(…)` is."""
    is_awaited = isinstance(node, ast.Await)
    inner = node.value if isinstance(node, ast.Await) else node
    methods: list[str] = []
    while isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
        methods.append(inner.func.attr)
        inner = inner.func.value
    if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and not methods:
        model = models.get(inner.func.id)
        return Known(model) if model is not None else None
    model = models.get(inner.id) if isinstance(inner, ast.Name) else None
    if model is None or not methods or not is_awaited or not set(methods[1:]) <= _MANY:
        return None
    if methods[0] in _ONE:
        return Known(model)
    return Known(model, is_many=True) if methods[0] in _MANY else None
