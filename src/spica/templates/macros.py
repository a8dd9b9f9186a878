"""Macros: which one a call means, and what its parameters are given. A macro becomes part of each place that calls it.

Rules of this file:
- A call stands alone, `{{ field("title") }}`: what it writes is escaped for the place where the call stands.
- Values are bound as Python binds them, when the template is compiled; `*` and `**` can't be, so they are refused.
"""

from __future__ import annotations

import ast
from typing import NamedTuple

from spica.errors import closest
from spica.templates.errors import MacroError
from spica.templates.inheritance import load_target
from spica.templates.library import Library
from spica.templates.nodes import Document, Macro
from spica.templates.source import Place


class Called(NamedTuple):
    """A macro, the document that has it, and what it is called by."""

    macro: Macro
    document: Document
    name: str


def find_macro(function: ast.expr, document: Document, library: Library) -> Called | None:
    """The macro that a call names in a document: `field` or `forms.field`; None when it names none.

    Raises: MacroError for an import that lacks it; IncludeNotFound for one that doesn't exist.
    """
    if isinstance(function, ast.Name) and function.id in document.macros:
        return Called(document.macros[function.id], document, function.id)
    if not (isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)):
        return None
    imported = document.imports.get(function.value.id)
    if imported is None:
        return None
    target = load_target(imported.template, imported.place, library)
    if function.attr not in target.macros:
        near = closest(function.attr, target.macros)
        raise MacroError(
            f"{imported.template!r} has no macro {function.attr!r}",
            place=imported.place,
            why=f"its macros are: {', '.join(sorted(target.macros)) or 'none'}",
            fix=f"did you mean {near[0]!r}?" if near else f"write {{% macro {function.attr}() %}} … {{% end %}} there",
        )
    return Called(target.macros[function.attr], target, f"{function.value.id}.{function.attr}")


def bind_values(called: Called, call: ast.Call, place: Place) -> tuple[dict[str, ast.expr], dict[str, ast.expr]]:
    """Give the parameters of a macro what a call has for them.

    Returns: the values by parameter, as the call writes them, and the defaults of the rest, as the macro does.
    Raises:  MacroError for a value that is missing, too much or given twice.
    """
    parameters = called.macro.parameters
    if any(isinstance(value, ast.Starred) for value in call.args) or any(word.arg is None for word in call.keywords):
        raise _refuse(called, place, "is called with * or **", "what it is given must be known when it is compiled")
    positional = [argument.arg for argument in [*parameters.posonlyargs, *parameters.args]]
    names = [*positional, *(argument.arg for argument in parameters.kwonlyargs)]
    if len(call.args) > len(positional):
        raise _refuse(called, place, f"is given {len(call.args)} values", f"it takes {len(positional)} without a name")
    given = dict(zip(positional, call.args, strict=False))
    for keyword in call.keywords:
        name = keyword.arg or ""
        if name not in names or name in given:
            near = closest(name, names)
            what = "is given {!r} twice" if name in given else "takes no {!r}"
            raise _refuse(called, place, what.format(name), "", f"did you mean {near[0]!r}?" if near else "")
        given[name] = keyword.value
    defaults = dict(zip(reversed(positional), reversed(parameters.defaults), strict=False))
    for argument, default in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True):
        if default is not None:
            defaults[argument.arg] = default
    lacking = [name for name in names if name not in given and name not in defaults]
    if lacking:
        raise _refuse(called, place, f"is not given {lacking[0]!r}", "it has no default")
    return given, {name: default for name, default in defaults.items() if name not in given}


def _refuse(called: Called, place: Place, what: str, why: str, fix: str = "") -> MacroError:
    signature = f"{called.macro.name}({ast.unparse(called.macro.parameters)})"
    where = called.macro.place
    return MacroError(
        f"macro {called.name!r} {what}",
        place=place,
        why=(f"{why}; " if why else "") + f"it is {signature} ({where})",
        fix=fix or f"{{{{ {called.name}({ast.unparse(called.macro.parameters)}) }}}}",
    )
