"""Turns a template's expression into one of the generated function: names resolved, filters called, lines moved.

Rules of this file:
- The expression of the tree is copied, never changed: an included template is compiled at each place it is included.
- What would assign or wait inside an expression (`:=`, `await`, `yield`) is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TypeVar

from spica.errors import closest
from spica.templates.errors import (
    CacheError,
    HelperUseError,
    MacroError,
    TemplateNameError,
    TemplateSyntaxError,
    UnknownFilterError,
)
from spica.templates.expressions import FILTER_MARK
from spica.templates.functions import BUILTINS, wants_context
from spica.templates.library import FILTER, GLOBAL, Library
from spica.templates.lines import Segment
from spica.templates.output import VALUE
from spica.templates.request_values import RequestValues
from spica.templates.scopes import CONTEXT, Input, Loop, Scope, Variables
from spica.templates.source import Place
from spica.templates.syntaxes.handlebars_paths import THIS, ContextName, Member
from spica.templates.trees import FIELDS, copy_tree
from spica.templates.uses import Call, call_of

LOOP_FIELDS = ("index", "index0", "first", "last", "length")
MAKE_LOOP = "#loop"
GENERATED = "#"
"""What names of the generated code start with; a syntax may use those of the runtime."""

T = TypeVar("T")

_CONSTANT_NAMES = ("True", "False", "None")


class Resolver(ast.NodeTransformer):
    """Resolves the expressions of one generated function.

    Args: library: says what helpers and filters are; variables: the function's locals.
    """

    def __init__(self, library: Library, variables: Variables) -> None:
        self.library = library
        self.variables = variables
        self.declared: dict[str, frozenset[str]] = {}  # by template: the names it may use, where it has `params`
        self.macros: dict[str, frozenset[str]] = {}  # by template: what it calls macros by
        self.constants: set[str] = set()  # what the generated code uses by name, see Library.constant
        self.is_kept = False  # whether what is resolved stands in a `cache`
        self.request_values = RequestValues(library.of_request)
        self._scope = Scope()
        self._segment: Segment
        self._bound: list[set[str]] = []

    def resolve(self, expression: ast.expr, scope: Scope, segment: Segment) -> ast.expr:
        """The expression for the generated function.

        Args:   expression: from the tree; scope: the names around it; segment: its file's lines.
        Raises: TemplateNameError, UnknownFilterError, TemplateSyntaxError with the place.
        """
        self._scope, self._segment = scope, segment
        resolved: ast.expr = self.visit(copy_tree(expression, segment.base))
        return resolved

    def constant(self, name: str) -> ast.Name:
        """A name of the generated code's globals."""
        self.constants.add(name)
        return ast.Name(name, ast.Load())

    def call_helper(self, name: str, function: object, call: ast.Call, arguments: list[ast.expr]) -> ast.Call:
        """A call of a helper or filter, with the context in front where it wants it."""
        if wants_context(function):
            self._check_not_kept(name.rpartition(" ")[2] + "()", call)
            arguments = [ast.Name(CONTEXT, ast.Load()), *arguments]
        target = ast.copy_location(self.constant(name), call.func)
        return ast.copy_location(ast.Call(target, arguments, call.keywords), call)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Resolve what a node is made of: each part becomes one expression."""
        values = node.__dict__
        for name in FIELDS[type(node)]:
            value = values.get(name)
            if isinstance(value, ast.AST):
                values[name] = self.visit(value)
            elif isinstance(value, list):
                value[:] = [self.visit(item) if isinstance(item, ast.AST) else item for item in value]
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if not isinstance(node.ctx, ast.Load) or self._is_bound(node.id) or node.id.startswith(GENERATED):
            return node
        found = self._scope.find(node.id)
        if isinstance(found, Loop):
            found.counted = found.measured = True
            arguments: list[ast.expr] = [ast.Name(found.counter, ast.Load()), ast.Name(found.length, ast.Load())]
            return ast.copy_location(ast.Call(ast.Name(MAKE_LOOP, ast.Load()), arguments, []), node)
        if found is None:
            return ast.copy_location(self._resolve_free(node), node)
        self._check_variable(found, node)
        return ast.copy_location(ast.Name(found, ast.Load()), node)

    def visit_ContextName(self, node: ContextName) -> ast.expr:
        """A name of Handlebars: a helper without values, a part of its context, or a name as in the other syntaxes."""
        known = self._scope.find(node.id) is not None and not node.context
        if not known and not node.is_value and self._is_helper(node):
            return self.visit_Call(ast.copy_location(ast.Call(_plain(node), [], []), node))
        context = node.context or THIS
        if node.context or (not known and self._scope.find(THIS) is not None):
            owner = ast.copy_location(ast.Name(context, ast.Load()), node)
            return self.visit_Member(ast.copy_location(Member(owner, node.id, ast.Load()), node))
        return self.visit_Name(_plain(node))

    def visit_Member(self, node: Member) -> ast.expr:
        """A part of a value: `value["name"] if isinstance(value, dict) else value.name`."""
        if isinstance(node.value, ContextName) and node.value.id in self.library.checks:
            call = ast.copy_location(ast.Call(_attribute(node), [], []), node)
            return self.visit_Call(call)  # `{{paths.posts}}`
        owner: ast.expr = self.visit(node.value)
        again = owner
        if not isinstance(owner, ast.Name):
            owner = ast.copy_location(ast.NamedExpr(ast.Name(VALUE, ast.Store()), owner), node)
            again = ast.Name(VALUE, ast.Load())
        test = ast.Call(ast.Name("#isinstance", ast.Load()), [owner, ast.Name("#dict", ast.Load())], [])
        item = ast.Subscript(again, ast.Constant(node.attr), ast.Load())
        attribute = ast.Attribute(again, node.attr, ast.Load())
        choice = ast.copy_location(ast.IfExp(test, item, attribute), node)
        for part in ast.walk(choice):
            if isinstance(part, ast.expr) and not hasattr(part, "lineno"):
                ast.copy_location(part, node)
        return choice

    def _is_helper(self, node: ContextName) -> bool:
        """Whether a bare name is a helper that is called: one of the project's, and no name that `params` lists."""
        function = self.library.globals.get(node.id)
        declared = self._allowed_names()
        return callable(function) and node.id not in BUILTINS and (declared is None or node.id not in declared)

    def _call_of_helper(self, node: ast.Call, function: ContextName) -> ast.expr:
        """`{{name value}}`: a variable, a helper or a filter."""
        name = function.id
        known = name in self.library.globals or self._scope.find(name) is not None
        if not known and function.context:
            node.func = ast.copy_location(
                ast.Attribute(ast.Name(function.context, ast.Load()), name, ast.Load()), function
            )
            return self.visit_Call(node)
        if known or name in (self._allowed_names() or ()):
            node.func = _plain(function)
            return self.visit_Call(node)
        if name in self.library.filters and node.args:
            return self._apply_filter(node, name)
        every = [*self.library.globals, *self.library.filters]
        near = closest(name, every)
        raise UnknownFilterError(
            f"there is no helper {name!r}",
            place=self._place(function),
            why="with values after it, a name is a helper or a filter",
            fix=f"did you mean {' or '.join(map(repr, near))}?" if near else f"Templates(…, globals={{{name!r}: …}})",
        )

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if isinstance(node.func, ContextName):
            return self._call_of_helper(node, node.func)
        if isinstance(node.func, ast.Name) and not self._is_bound(node.func.id):
            if node.func.id.startswith(FILTER_MARK):
                return self._apply_filter(node, node.func.id.removeprefix(FILTER_MARK))
            function = self.library.globals.get(node.func.id)
            if wants_context(function) and self._scope.find(node.func.id) is None:
                self._visit_arguments(node)
                return self.call_helper(f"{GLOBAL} {node.func.id}", function, node, node.args)
            self._check_no_macro(node.func)
            if node.func.id == "super" and self._scope.find("super") is None:
                raise TemplateSyntaxError(
                    "super() is part of an expression",
                    place=self._place(node),
                    why="it is replaced by the block's content when the template is compiled, so it has no value",
                    fix="let it stand alone: {{ super() }}, inside a block",
                )
        if isinstance(node.func, ast.Attribute):
            if isinstance(node.func.value, ContextName) and not node.func.value.context:
                node.func.value = _plain(node.func.value)
            self._check_no_macro(node.func.value)
            self._check_use(node.func, call_of(node))
        self.generic_visit(node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ContextName) and not node.value.context:
            node.value = _plain(node.value)  # `paths.post post`: the part of a helper
        if isinstance(node.value, ast.Name) and not self._is_bound(node.value.id):
            loop = self._scope.find(node.value.id)
            if isinstance(loop, Loop):
                return ast.copy_location(self._loop_field(loop, node), node)
        self._check_use(node, None)
        self.generic_visit(node)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        function = node.right.func if isinstance(node.right, ast.Call) else node.right
        if isinstance(node.op, ast.BitOr) and isinstance(function, ast.Name) and self._is_filter(function.id):
            arguments = node.right.args if isinstance(node.right, ast.Call) else []
            keywords = node.right.keywords if isinstance(node.right, ast.Call) else []
            call = ast.copy_location(ast.Call(function, [node.left, *arguments], keywords), node)
            return self._apply_filter(call, function.id)
        self.generic_visit(node)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        node.args.defaults = [self.visit(default) for default in node.args.defaults]
        node.args.kw_defaults = [default and self.visit(default) for default in node.args.kw_defaults]
        with_names = {argument.arg for argument in every if argument}
        node.body = self._visit_inside(with_names, lambda: self.visit(node.body))
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.expr:
        return self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.expr:
        return self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> ast.expr:
        return self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.expr:
        return self._comprehension(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        raise self._refuse(node, "an expression assigns with :=", "write {% set name = value %} before it")

    def visit_Await(self, node: ast.Await) -> ast.expr:
        raise self._refuse(node, "an expression waits", "await it in the action and give the template the result")

    def visit_Yield(self, node: ast.Yield) -> ast.expr:
        raise self._refuse(node, "an expression yields", "remove yield")

    def visit_YieldFrom(self, node: ast.YieldFrom) -> ast.expr:
        raise self._refuse(node, "an expression yields", "remove yield")

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> ast.expr:
        first = node.generators[0]
        first.iter = self.visit(first.iter)  # Python evaluates it outside the comprehension's own scope
        names = {item.id for part in node.generators for item in ast.walk(part.target) if isinstance(item, ast.Name)}
        self._visit_inside(names, lambda: self._visit_parts(node))
        return node

    def _visit_parts(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        for number, part in enumerate(node.generators):
            if part.is_async:
                raise self._refuse(node, "a comprehension waits", "collect the values in the action")
            if number:
                part.iter = self.visit(part.iter)
            part.ifs = [self.visit(test) for test in part.ifs]
        if isinstance(node, ast.DictComp):
            node.key, node.value = self.visit(node.key), self.visit(node.value)
        else:
            node.elt = self.visit(node.elt)

    def _visit_inside(self, names: set[str], visit: Callable[[], T]) -> T:
        self._bound.append(names)
        try:
            return visit()
        finally:
            self._bound.pop()

    def _visit_arguments(self, node: ast.Call) -> None:
        node.args = [self.visit(argument) for argument in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)

    def _is_bound(self, name: str) -> bool:
        return any(name in names for names in self._bound)

    def _is_filter(self, name: str) -> bool:
        return name in self.library.filters and not self._is_bound(name) and self._scope.find(name) is None

    def _apply_filter(self, node: ast.Call, name: str) -> ast.Call:
        function = self.library.filters.get(name) or self.library.globals.get(name)
        if function is None:
            known = sorted(self.library.filters)
            near = closest(name, [*known, *self.library.globals])
            raise UnknownFilterError(
                f"there is no filter {name!r}",
                place=self._place(node.func),
                why="after | comes a filter or a helper; Python's own | needs parentheses around it",
                fix=f"did you mean {near[0]!r}?" if near else f"the filters are: {', '.join(known)}",
            )
        value = node.args[0]
        if name == "default" and isinstance(value, ast.Name) and not self._is_bound(value.id):
            node.args[0] = self._optional(value)
            node.args[1:] = [self.visit(argument) for argument in node.args[1:]]
            for keyword in node.keywords:
                keyword.value = self.visit(keyword.value)
        else:
            self._visit_arguments(node)
        return self.call_helper(f"{FILTER} {name}", function, node, node.args)

    def _optional(self, node: ast.Name) -> ast.expr:
        """A name that may be missing, because `default` follows."""
        known = self._scope.find(node.id) is not None or self._library_value(node) is not None
        if known or self._allowed_names() is not None:
            resolved: ast.expr = self.visit(node)
            return resolved
        value = self._input(node)
        if not value.required and value.fallback is None:
            value.fallback = ast.Constant(None)
        return ast.copy_location(ast.Name(value.variable, ast.Load()), node)

    def _resolve_free(self, node: ast.Name) -> ast.expr:
        allowed, helper = self._allowed_names(), self._library_value(node)
        if allowed is not None and helper is None and node.id not in allowed:
            raise self._undefined(node, allowed)
        if helper is not None and not self._scope.template.sees_arguments:
            return helper
        value = self._input(node)
        if not value.declared:
            value.required, value.fallback = helper is None, helper
        return ast.Name(value.variable, ast.Load())

    def _check_no_macro(self, called: ast.expr) -> None:
        """Refuse a call of a macro that does not stand alone; one that does never comes here."""
        name = called.id if isinstance(called, ast.Name) else ""
        if name in self.macros.get(self._segment.source.name, ()) and self._scope.find(name) is None:
            raise MacroError(
                f"macro {name!r} is part of an expression",
                place=self._place(called),
                why="it becomes part of the page where it is called, so it has no value",
                fix="let its call stand alone: {{ … }}",
            )

    def _check_not_kept(self, name: str, node: ast.expr) -> None:
        if self.is_kept:
            raise CacheError(
                f"{name} stands inside a cache",
                place=self._place(node),
                why="what it writes belongs to one request, and everyone who comes later would get it",
                fix="end the cache before it, or pass what is shown as a value that is part of the key",
            )

    def _check_variable(self, variable: str, node: ast.Name) -> None:
        if not self.request_values.may_be_kept(variable):
            self._check_not_kept(node.id, node)

    def _allowed_names(self) -> frozenset[str] | None:
        if self._scope.template.names is not None:
            return self._scope.template.names
        return self.declared.get(self._segment.source.name)

    def _input(self, node: ast.Name) -> Input:
        scope, line = self._scope.template, node.lineno
        if node.id in scope.assigned:
            value = self.variables.own_input(node.id, self._place(node), line)
            scope.variables[node.id] = value.variable
        else:
            value = self.variables.shared_input(node.id, self._place(node), line)
        self.request_values.note_input(value)
        self._check_variable(value.variable, node)
        return value

    def _library_value(self, node: ast.Name) -> ast.expr | None:
        name = node.id
        if name not in self.library.globals:
            if name != "ctx":
                return None
            self._check_not_kept(name, node)
            return ast.Name(CONTEXT, ast.Load())
        return self.constant(f"{GLOBAL} {name}")

    def _check_use(self, node: ast.Attribute, call: Call | None) -> None:
        """Refuse a use of a helper's attribute that can't work."""
        owner = node.value
        if not isinstance(owner, ast.Name) or owner.id not in self.library.checks or self._is_bound(owner.id):
            return
        mistake = self.library.checks[owner.id](node.attr, call) if self._scope.find(owner.id) is None else None
        if mistake is not None:
            raise HelperUseError(mistake.what, place=self._place(node), why=mistake.why, fix=mistake.fix)

    def _loop_field(self, loop: Loop, node: ast.Attribute) -> ast.expr:
        if node.attr not in LOOP_FIELDS:
            near = closest(node.attr, LOOP_FIELDS)
            raise TemplateSyntaxError(
                f"loop has no {node.attr!r}",
                place=self._place(node),
                fix=f"did you mean loop.{near[0]}?" if near else f"loop has: {', '.join(LOOP_FIELDS)}",
            )
        loop.counted = loop.counted or node.attr != "length"
        loop.measured = loop.measured or node.attr in ("last", "length")
        counter, length = ast.Name(loop.counter, ast.Load()), ast.Name(loop.length, ast.Load())
        one = ast.Constant(1)
        fields: dict[str, ast.expr] = {
            "index": ast.BinOp(counter, ast.Add(), one),
            "index0": counter,
            "first": ast.UnaryOp(ast.Not(), counter),
            "last": ast.Compare(counter, [ast.Eq()], [ast.BinOp(length, ast.Sub(), one)]),
            "length": length,
        }
        return fields[node.attr]

    def _undefined(self, node: ast.Name, allowed: frozenset[str]) -> TemplateNameError:
        declared = sorted(allowed)
        near = closest(node.id, [*declared, *self.library.globals, *_CONSTANT_NAMES])
        listed = f"params lists {', '.join(declared)}" if declared else "params lists nothing"
        if self._scope.template.names is not None:
            listed = f"a macro sees its parameters only, which are: {', '.join(declared) or 'none'}"
        return TemplateNameError(
            f"{node.id!r} is not defined",
            place=self._place(node),
            why=f"{listed}, and no helper has this name",
            fix=f"did you mean {' or '.join(repr(name) for name in near)}?"
            if near
            else f"add {node.id} to {'params' if self._scope.template.names is None else 'its parameters'}",
        )

    def _refuse(self, node: ast.expr, what: str, fix: str) -> TemplateSyntaxError:
        return TemplateSyntaxError(what, place=self._place(node), fix=fix)

    def _place(self, node: ast.expr) -> Place:
        source, line = self._segment.source, node.lineno - self._segment.base
        before = source.line_text(line).encode()[: node.col_offset]
        return Place(source, line, len(before.decode(errors="replace")) + 1)


def _plain(node: ast.Name) -> ast.Name:
    """A name of Handlebars as one of Python."""
    return ast.copy_location(ast.Name(node.id, ast.Load()), node)


def _attribute(node: Member) -> ast.Attribute:
    assert isinstance(node.value, ast.Name)
    return ast.copy_location(ast.Attribute(_plain(node.value), node.attr, ast.Load()), node)
