"""A model: the class, the migration that makes its table, a factory and tests."""

from __future__ import annotations

from collections.abc import Sequence

from spica import inflection
from spica.generators.errors import BadField
from spica.generators.field_types import Import
from spica.generators.fields import Field
from spica.generators.kinds.migration import plan_create_table
from spica.generators.names import ResourceNames
from spica.generators.plan import Plan
from spica.generators.project import Project
from spica.generators.samples import python_sample, sample_imports
from spica.generators.source import render, render_imports


def plan_model(project: Project, names: ResourceNames, fields: Sequence[Field]) -> Plan:
    """Plan a model.

    Args:    project: where; names: of the resource; fields: its fields, may be empty.
    Returns: model, migration, factory and test.
    Raises:  BadField when a reference points at a model that is not there.
    """
    check_references(project, names, fields)
    plan = Plan()
    plan.create(f"app/models/{names.singular}.py", _model_source(names, fields))
    plan.extend(plan_create_table(project, names.plural, fields))
    plan.create(f"tests/factories/{names.singular}.py", _factory_source(names, fields))
    plan.create(f"tests/models/test_{names.singular}.py", _test_source(names, fields))
    return plan


def check_references(project: Project, names: ResourceNames, fields: Sequence[Field]) -> None:
    """Refuse a reference that could never work.

    Raises:  BadField when the model is missing, or when the first row of a table would have to point at itself.
    """
    for field in fields:
        if not field.is_reference:
            continue
        target = field.target
        if target == names:
            if not field.null:
                raise BadField(
                    f"the first {names.words} could never be saved: it would have to point at another",
                    where=f"{field.name}:references",
                    fix=f"let it be empty: {field.name}:references:null",
                )
        elif not project.has(f"app/models/{target.singular}.py"):
            raise BadField(
                f"{field.name} refers to a model that is not there: {target.model}",
                where=f"{field.name}:references",
                why=f"app/models/{target.singular}.py is missing",
                fix=f"make it first: spica g model {target.model} name:string",
            )


def _model_source(names: ResourceNames, fields: Sequence[Field]) -> str:
    imports: set[Import] = {("spica.orm", "Model"), ("spica.orm", "Timestamps")}
    imports |= {field.type.imports for field in fields if field.type.imports}
    lines = [_declaration(field) for field in fields]
    rules = [f'validates("{field.attribute}", {", ".join(rule)})' for field in fields if (rule := _rules(field))]
    if rules:
        imports.add(("spica.orm", "validates"))
    body = "\n".join([*lines, *([""] if lines and rules else []), *rules]) or "pass"
    return render("model/model.py", imports=render_imports(imports), model=names.model, body=body)


def _declaration(field: Field) -> str:
    optional = " | None" if field.null else ""
    default = field.column_default or ("None" if field.null and not field.is_password else "")
    return f"{field.attribute}: {field.type.annotation}{optional}" + (f" = {default}" if default else "")


def _rules(field: Field) -> list[str]:
    rules = ["presence=True"] if field.required and field.type.textual else []
    return [*rules, *(["unique=True"] if field.unique else [])]


def _factory_source(names: ResourceNames, fields: Sequence[Field]) -> str:
    filled = [field for field in fields if not field.is_reference]
    parents = [field for field in fields if field.is_reference and not field.null]
    counted = [field for field in filled if field.unique and field.type.textual]
    imports = {(f"app.models.{names.singular}", names.model), ("spica.testing", "Factory")} | sample_imports(filled)
    imports |= {(f"tests.factories.{field.target.singular}", f"{field.target.model}Factory") for field in parents}
    if counted:
        imports.add(("spica.testing", "sequence"))
    if parents:
        imports.add(("spica.testing", "reference"))
    # What calls `reference` and `sequence` comes first: a field may have such a name, too.
    values = [f"{field.attribute} = reference({field.target.model}Factory)" for field in parents]
    values += [f"{field.name} = {python_sample(field)}" for field in counted]
    values += [f"{field.name} = {python_sample(field)}" for field in filled if field not in counted]
    words = f"{inflection.article(names.words)} {names.words}"
    return render(
        "model/factory.py",
        imports=render_imports(imports),
        values="\n".join(values),
        model=names.model,
        description=f"{words[0].upper()}{words[1:]} that can be saved.",
    )


def _test_source(names: ResourceNames, fields: Sequence[Field]) -> str:
    common = {
        "singular": names.singular,
        "plural": names.plural,
        "model": names.model,
        "article": inflection.article(names.words),
    }
    rules = [
        render(f"model/test_{rule}.py", field=field.name, field_article=inflection.article(field.name), **common)
        for field in fields
        for rule in _tested_rules(field)
    ]
    shown = [field for field in fields if not field.is_reference]
    compared = [field.attribute for field in shown if not field.is_password] or ["id"]
    checks = [f"assert found.{name} == {names.singular}.{name}" for name in compared]
    checks += [
        f"assert await found.authenticate({field.type.sample}"
        + (")" if field.name == "password" else f', by="{field.name}")')
        for field in shown
        if field.is_password
    ]
    assertions = "\n".join(checks)
    return render("model/test_model.py", assertions=assertions, **common) + "".join(rules)


def _tested_rules(field: Field) -> list[str]:
    rules = ["presence"] if field.required and field.type.textual else []
    return [*rules, *(["unique"] if field.unique and not field.is_reference else [])]
