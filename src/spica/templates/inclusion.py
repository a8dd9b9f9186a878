"""Checks of an `include` or `component` that are made when it is compiled."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from spica.errors import closest
from spica.templates.errors import PropTypeError, TemplateNameError, UnknownBlockError, UnknownParameterError
from spica.templates.inheritance import Chain
from spica.templates.loader import COMPONENT
from spica.templates.nodes import Component, Node, Parameter, Text
from spica.templates.source import Place

_TYPES: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "None": (type(None),),
}


def check_given(chain: Chain, given: Mapping[str, ast.expr], place: Place) -> None:
    """Compare what a tag gives with what the template declares; an included one without `params` takes anything.

    Args:   given: values by name, as they are written.
    Raises: UnknownParameterError for a name that is not declared; TemplateNameError for one that is missing;
            PropTypeError for a constant of another type than declared.
    """
    template = chain.documents[0].source.name
    if not chain.declares and not template.startswith(COMPONENT):
        return
    kind, template = ("component" if template.startswith(COMPONENT) else "include"), template.removeprefix(COMPONENT)
    for name in sorted(set(given) - chain.parameters):
        near = closest(name, chain.parameters)
        raise UnknownParameterError(
            f"{template!r} takes no {name!r}",
            place=place,
            why=f"its params are: {', '.join(sorted(chain.parameters)) or 'none'}",
            fix=f"did you mean {near[0]!r}?" if near else f"remove {name} or add it to the params of {template!r}",
        )
    for document in chain.documents:
        for parameter in document.parameters or ():
            if parameter.name in given:
                _check_type(template, parameter, given[parameter.name], place)
            elif parameter.default is None:
                raise TemplateNameError(
                    f"{kind} gives {template!r} no {parameter.name!r}",
                    place=place,
                    why=f"its params list it without a default ({parameter.place})",
                    fix=f'write {{% {kind} "{template}" {parameter.name}=… %}}',
                )


def given_slots(node: Component, chain: Chain) -> dict[str, list[Node]]:
    """What a component is given, by slot.

    Returns: bodies; the slot "" is there when there is more than white space outside of the fills.
    Raises:  UnknownBlockError for a slot that the component lacks.
    """
    known = {name for document in chain.documents for name in document.slots}
    given = {name: fill.body for name, fill in node.fills.items()}
    if any(not isinstance(item, Text) or item.value.strip() for item in node.body):
        given[""] = node.body
    for name in given:
        if name in known:
            continue
        near = closest(name, known - {""}) if name else []
        what = f"component {node.name!r} has no slot {name!r}" if name else f"component {node.name!r} takes no content"
        raise UnknownBlockError(
            what,
            place=node.fills[name].place if name else node.place,
            why=f"its slots are: {', '.join(sorted(known - {''})) or 'none'}"
            + (" and {% slot %}" if "" in known else ""),
            fix=f"did you mean {near[0]!r}?"
            if near
            else f"write {{% slot {name} %}}{{% end %}} in its file".replace("  ", " "),
        )
    return given


def without_last_newline(body: list[Node]) -> list[Node]:
    """The nodes of an included file: the newline that ends the file is not part of what it includes."""
    if body and isinstance(body[-1], Text) and body[-1].value.endswith("\n"):
        return [*body[:-1], Text(body[-1].place, body[-1].value[:-1])]
    return body


def _check_type(template: str, parameter: Parameter, value: ast.expr, place: Place) -> None:
    """Compare a constant with a type that names only what constants have: `str`, `int | None`."""
    names = [name.strip() for name in parameter.type.split("|")]
    if not isinstance(value, ast.Constant) or any(name not in _TYPES for name in names):
        return
    if not any(type(value.value) in _TYPES[name] for name in names):
        raise PropTypeError(
            f"{template!r} takes {parameter.name}: {parameter.type}, not {value.value!r}",
            place=place,
            why=f"its params say so ({parameter.place})",
            fix=f"give it {'text in quotes' if names == ['str'] else parameter.type}, or change the type there",
        )
