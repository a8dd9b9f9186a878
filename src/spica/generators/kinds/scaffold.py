"""A scaffold: a model, and a controller with pages to list, show, create, edit and delete it."""

from __future__ import annotations

from collections.abc import Sequence

from spica import inflection
from spica.generators.errors import BadField
from spica.generators.fields import Field
from spica.generators.form_controls import render_control, render_value
from spica.generators.kinds.model import plan_model
from spica.generators.names import ResourceNames
from spica.generators.plan import Plan
from spica.generators.project import Project
from spica.generators.routes_file import insert_calls
from spica.generators.samples import form_sample
from spica.generators.source import render, render_call, render_dict

VIEWS = ("index", "show", "new", "edit", "_form")


def plan_scaffold(project: Project, names: ResourceNames, fields: Sequence[Field]) -> Plan:
    """Plan a scaffold.

    Args:    project: where; names: of the resource; fields: one or more.
    Returns: everything of `plan_model`, controller, views, routes and tests.
    Raises:  BadField, also without any; RoutesNotRecognised.
    """
    if not fields:
        raise BadField(
            f"a scaffold of {names.plural} needs a field",
            why="without one its form would be empty",
            fix=f"name some: spica g scaffold {names.model} title:string",
        )
    plan = plan_model(project, names, fields)
    common = _names_for_templates(names)
    permit = [f'"{field.attribute}"' for field in fields]
    plan.create(
        f"app/controllers/{names.plural}_controller.py",
        render(
            "scaffold/controller.py",
            permit=render_call(f'return self.params.require("{names.singular}").permit', permit, indent=8),
            **common,
        ),
    )
    parts = _view_parts(names, fields)
    for view in VIEWS:
        plan.create(f"app/views/{names.plural}/{view}.html", render(f"scaffold/{view}.html", **common, **parts))
    plan.actions.append(insert_calls(project.root, [("resources", names.plural)]))
    plan.create(f"tests/controllers/test_{names.plural}.py", _test_source(names, fields, common))
    return plan


def _names_for_templates(names: ResourceNames) -> dict[str, str]:
    return {
        "singular": names.singular,
        "plural": names.plural,
        "collection": names.collection,
        "index_path": names.index_path,
        "model": names.model,
        "controller": names.controller,
        "title": names.title,
        "titles": names.titles,
        "words": names.words,
        "words_plural": names.titles.lower(),
        "article": inflection.article(names.words),
    }


def _view_parts(names: ResourceNames, fields: Sequence[Field]) -> dict[str, str]:
    record = names.singular
    first = next((field for field in fields if field.type.name == "string"), None)
    heading = f"{{{{ {record}.{first.name} }}}}" if first else f"{names.title} {{{{ {record}.id }}}}"
    shown = [field for field in fields if not field.is_password]
    cells = [render_value(record, field, short=True) for field in shown] or [f"{{{{ {record}.id }}}}"]
    cells[0] = f'<a href="{{{{ paths.{record}({record}) }}}}">{cells[0]}</a>'
    return {
        "heading": heading,
        "headings": "\n".join(f"<th>{field.title}</th>" for field in shown) or "<th>Id</th>",
        "cells": "\n".join(f"<td>{cell}</td>" for cell in cells),
        "values": "\n".join(f"<dt>{field.title}</dt>\n<dd>{render_value(record, field)}</dd>" for field in shown),
        "controls": "\n".join(render_control(field) for field in fields),
    }


def _test_source(names: ResourceNames, fields: Sequence[Field], common: dict[str, str]) -> str:
    references = [field for field in fields if field.is_reference and not field.null]
    factories = sorted(
        {(field.target.singular, field.target.model) for field in references} | {(names.singular, names.model)}
    )
    call = f"{'await ' if references else ''}{names.singular}_form"
    textual = [field for field in fields if field.type.textual]
    refused = next((field for field in textual if field.required), None)
    changed = next((field for field in textual if not field.unique), None)
    return render(
        "scaffold/test.py",
        factory_imports="\n".join(f"from tests.factories.{name} import {model}Factory" for name, model in factories),
        form_function=_form_function(names, fields),
        form_call=call,
        heading=next((field.title for field in fields if not field.is_password), "Id"),
        refused=_refused_test(refused, call, common) if refused else "",
        changed_form=f'{call}({changed.name}="Another")' if changed else f"{call}()",
        changed_check=(
            f'assert (await {names.model}.find({names.singular}.id)).{changed.name} == "Another"'
            if changed
            else f"assert await {names.model}.count() == 1"
        ),
        **common,
    )


def _form_function(names: ResourceNames, fields: Sequence[Field]) -> str:
    docstring = (
        f'    """What a browser sends for {inflection.article(names.words)} {names.words}, with `values` put in."""'
    )
    parents = [field for field in fields if field.is_reference and not field.null]
    items = [f'"{field.name}": {form_sample(field)}' for field in fields if not field.is_reference]
    items += [f'"{field.attribute}": {field.name}.id' for field in parents]
    body = [f"{field.name} = await {field.target.model}Factory.create()" for field in parents]
    body += render_dict(items, head="return ", tail=" | values").split("\n")
    head = f"{'async ' if parents else ''}def {names.singular}_form(**values):"
    return "\n".join([head, docstring, *(f"    {line}" for line in body)])


def _refused_test(field: Field, call: str, common: dict[str, str]) -> str:
    text = render(
        "scaffold/test_refused.py",
        field=field.name,
        field_article=inflection.article(field.name),
        field_title=field.title,
        form_call=call,
        **common,
    )
    return text.removesuffix("\n")
