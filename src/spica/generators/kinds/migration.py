"""Migrations: `CreatePosts`, `AddSlugToPosts`, `RemoveSlugFromPosts`, and any other name as an empty change."""

from __future__ import annotations

import re
from collections.abc import Sequence

from spica import inflection
from spica.generators.errors import BadName
from spica.generators.fields import Field
from spica.generators.names import check_identifier
from spica.generators.plan import Plan
from spica.generators.project import Project
from spica.generators.source import render, render_call, render_imports

_ADD = re.compile(r"add_\w+_to_(\w+)$")
_REMOVE = re.compile(r"remove_\w+_from_(\w+)$")
_CREATE = re.compile(r"create_(\w+)$")


def plan_migration(project: Project, name: str, fields: Sequence[Field]) -> Plan:
    """Plan a migration whose name says what it does.

    Args:    project: where; name: CamelCase or snake_case; fields: columns to make, add or remove.
    Returns: one file.
    Raises:  BadName when the name is no identifier, or when fields are given and the name says nothing about them.
    """
    snake = check_identifier(name, "a migration")
    if match := _CREATE.match(snake):
        return plan_create_table(project, match[1], fields)
    operations = _operations(snake, fields)
    if fields and not operations:
        raise BadName(
            f'the name "{name}" does not say what to do with the fields',
            why="CreatePosts, AddSlugToPosts and RemoveSlugFromPosts do",
            fix=f"name it like Add{inflection.camel(fields[0].name)}ToPosts, or leave the fields out",
        )
    plan = Plan()
    text = render(
        "migration/change.py",
        imports=_imports(fields),
        migration=inflection.camel(snake),
        operations="\n".join(operations) or "pass",
    )
    plan.create(project.migration_path(snake), text)
    return plan


def plan_create_table(project: Project, table: str, fields: Sequence[Field]) -> Plan:
    """Plan the migration that creates a table with its columns, timestamps and indexes."""
    columns = [_column(field) for field in fields]
    name = f"create_{table}"
    text = render(
        "migration/create.py",
        imports=_imports(fields),
        migration=inflection.camel(name),
        table=table,
        columns="\n".join([*columns, "t.timestamps()"]),
        indexes="\n".join(_index("add_index", table, field) for field in fields if field.indexed),
    )
    plan = Plan()
    plan.create(project.migration_path(name), text)
    return plan


def _imports(fields: Sequence[Field]) -> str:
    defaults = {
        field.type.imports for field in fields if field.type.name == "decimal" and field.default and field.type.imports
    }
    return render_imports({("spica.migrations", "Migration")} | defaults)


def _operations(snake: str, fields: Sequence[Field]) -> list[str]:
    if match := _ADD.match(snake):
        return _add_columns(match[1], fields)
    if match := _REMOVE.match(snake):
        return _remove_columns(match[1], fields)
    return []


def _column(field: Field) -> str:
    if field.is_password:
        return render_call("t.password", [f'"{field.name}"', *(["null=True"] if field.null else [])], indent=12)
    return render_call(f"t.{field.type.name}", [f'"{field.name}"', *_options(field)], indent=12)


def _add_columns(table: str, fields: Sequence[Field]) -> list[str]:
    lines = []
    for field in fields:
        name, type = field.column
        arguments = [f'"{table}"', f'"{name}"']
        if field.is_reference:
            lines.append(render_call("m.add_reference", [*arguments, *_added_options(field)], indent=8))
        else:
            lines.append(render_call("m.add_column", [*arguments, f'"{type}"', *_added_options(field)], indent=8))
    return lines + [_index("add_index", table, field) for field in fields if field.indexed]


def _remove_columns(table: str, fields: Sequence[Field]) -> list[str]:
    # The index goes first, and each line keeps the column's type, so that the migration can be rolled back.
    lines = [_index("remove_index", table, field) for field in fields if field.indexed]
    for field in fields:
        name, type = field.column
        arguments = [f'"{table}"', f'"{name}"']
        if field.is_reference:
            lines.append(render_call("m.remove_reference", [*arguments, *_added_options(field)], indent=8))
        else:
            arguments.append(f'"{type}"')
            lines.append(render_call("m.remove_column", [*arguments, *_added_options(field)], indent=8))
    return lines


def _options(field: Field) -> list[str]:
    options = [] if field.null else ["null=False"]
    options += _index_options(field)
    return options + ([f"default={field.column_default}"] if field.column_default is not None else [])


def _added_options(field: Field) -> list[str]:
    # The rows that are there have no value: without a default, the column has to be nullable.
    return _options(field) if field.column_default is not None else _index_options(field)


def _index_options(field: Field) -> list[str]:
    # A reference brings an index of its own; a unique one takes its place.
    return ["index=False"] if field.is_reference and field.unique else []


def _index(operation: str, table: str, field: Field) -> str:
    arguments = [f'"{table}"', f'["{field.attribute}"]', *(["unique=True"] if field.unique else [])]
    return render_call(f"m.{operation}", arguments, indent=8)
