"""Checks of an `include` that are made when it is compiled."""

from __future__ import annotations

from collections.abc import Iterable

from spica.errors import closest
from spica.templates.errors import TemplateNameError, UnknownParameterError
from spica.templates.inheritance import Chain
from spica.templates.nodes import Node, Text
from spica.templates.source import Place


def check_given(chain: Chain, given: Iterable[str], place: Place) -> None:
    """Compare what an include gives with what the template declares; one without `params` takes anything.

    Raises: UnknownParameterError for a name that is not declared; TemplateNameError for one that is missing.
    """
    if not chain.declares:
        return
    template, names = chain.documents[0].source.name, set(given)
    for name in sorted(names - chain.parameters):
        near = closest(name, chain.parameters)
        raise UnknownParameterError(
            f"{template!r} takes no {name!r}",
            place=place,
            why=f"its params are: {', '.join(sorted(chain.parameters)) or 'none'}",
            fix=f"did you mean {near[0]!r}?" if near else f"remove {name} or add it to the params of {template!r}",
        )
    for document in chain.documents:
        for parameter in document.parameters or ():
            if parameter.default is None and parameter.name not in names:
                raise TemplateNameError(
                    f"include gives {template!r} no {parameter.name!r}",
                    place=place,
                    why=f"its params list it without a default ({parameter.place})",
                    fix=f'write {{% include "{template}" {parameter.name}=… %}}',
                )


def without_last_newline(body: list[Node]) -> list[Node]:
    """The nodes of an included file: the newline that ends the file is not part of what it includes."""
    if body and isinstance(body[-1], Text) and body[-1].value.endswith("\n"):
        return [*body[:-1], Text(body[-1].place, body[-1].value[:-1])]
    return body
