"""Source: operations as the lines of a migration that ask for them."""

from __future__ import annotations

from typing import Any

from spica import inflection
from spica.migrations.columns import Column, Sql
from spica.migrations.operations import (
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddIndex,
    ChangeColumn,
    ChangeDefault,
    ChangeNull,
    CreateTable,
    DropTable,
    Execute,
    Operation,
    RemoveCheck,
    RemoveColumn,
    RemoveForeignKey,
    RemoveIndex,
    RenameColumn,
    RenameTable,
    index_name,
)


def render_operation(operation: Operation) -> list[str]:
    """Write an operation as Python, without indentation."""
    match operation:
        case CreateTable(table, columns):
            if not columns:
                return [f"m.create_table({quote(table)})"]
            head = f"with m.create_table({quote(table)}) as t:"
            return [head, *(f"    {_render_column(column)}" for column in columns)]
        case DropTable(table, columns):
            if not columns:
                return [_call("drop_table", quote(table))]
            head = f"with m.drop_table({quote(table)}) as t:"
            return [head, *(f"    {_render_column(column)}" for column in columns)]
        case RenameTable(old, new):
            return [_call("rename_table", quote(old), quote(new))]
        case AddColumn(table, column):
            return [_call("add_column", quote(table), *_said(column))]
        case RemoveColumn(table, name, column):
            said = [quote(name)] if column is None else _said(column)
            return [_call("remove_column", quote(table), *said)]
        case RenameColumn(table, old, new):
            return [_call("rename_column", quote(table), quote(old), quote(new))]
        case ChangeColumn(table, column, was):
            said = [quote(column.name), quote(column.type), *_options(column)]
            before = [] if was is None else [f"was={{{', '.join(_as_items(was))}}}"]
            return [_call("change_column", quote(table), *said, *before)]
        case ChangeNull(table, name, null):
            return [_call("change_null", quote(table), quote(name), repr(null))]
        case ChangeDefault(table, name, default, was):
            return [_call("change_default", quote(table), quote(name), literal(default), f"was={literal(was)}")]
        case AddForeignKey(table, name, to, on_delete):
            rule = [f"on_delete={quote(on_delete)}"] if on_delete else []
            return [_call("add_foreign_key", quote(table), quote(name), quote(to), *rule)]
        case RemoveForeignKey(table, name, to, on_delete):
            rule = [f"on_delete={quote(on_delete)}"] if on_delete else []
            return [_call("remove_foreign_key", quote(table), quote(name), *([quote(to)] if to else []), *rule)]
        case AddCheck(table, condition, name):
            return [_call("add_check", quote(table), quote(condition), f"name={quote(name)}")]
        case RemoveCheck(table, name, condition):
            said = [quote(condition)] if condition is not None else []
            return [_call("remove_check", quote(table), *said, f"name={quote(name)}")]
        case AddIndex() | RemoveIndex():
            return [_render_index(operation)]
        case Execute(up, way_back):
            return [_call("execute", quote(up), *([quote(way_back)] if way_back is not None else []))]
    raise AssertionError(f"no source for {operation}")


def quote(text: str) -> str:
    """Write text as a Python literal in double quotes, on one line."""
    escaped = text.encode("unicode_escape").decode() if not text.isprintable() else text.replace("\\", "\\\\")
    return '"' + escaped.replace('"', '\\"') + '"'


def literal(value: Any) -> str:
    """Write a default as Python."""
    match value:
        case Sql(text):
            return f"Sql({quote(text)})"
        case None | bool() | int() | float() | list() | dict():
            return repr(value)
    return quote(str(value))


def _call(method: str, *arguments: str) -> str:
    return f"m.{method}({', '.join(arguments)})"


def _render_column(column: Column) -> str:
    if column.key and column.type == "uuid":
        return f"t.uuid_key({quote(column.name)})"
    if column.type != "references":
        return f"t.{column.type}({', '.join([quote(column.name), *_options(column)])})"
    # the index of a reference is written below the table, like every other
    options = ["index=False", *_options(column)]
    return f"t.references({', '.join([quote(column.name.removesuffix('_id')), *options])})"


def _said(column: Column) -> list[str]:
    name = column.name.removesuffix("_id") if column.type == "references" else column.name
    return [quote(name), quote(column.type), *_options(column)]


def _options(column: Column) -> list[str]:
    return [f"{name}={text}" for name, text in _option_texts(column).items()]


def _as_items(column: Column) -> list[str]:
    return [
        f'"type": {quote(column.type)}',
        *(f"{quote(name)}: {text}" for name, text in _option_texts(column).items()),
    ]


def _option_texts(column: Column) -> dict[str, str]:
    texts = {}
    if column.table is not None and column.table != inflection.plural(column.name.removesuffix("_id")):
        texts["table"] = quote(column.table)
    for name, given in (("key_type", column.key_type), ("refers_to", column.refers_to), ("of", column.of)):
        if given is not None:
            texts[name] = quote(given)
    if column.on_delete:
        texts["on_delete"] = quote(column.on_delete)
    numbers = {"limit": column.limit, "precision": column.precision, "scale": column.scale}
    texts |= {name: str(number) for name, number in numbers.items() if number is not None}
    if column.key:
        texts["key"] = "True"
    elif not column.null:
        texts["null"] = "False"
    if column.generated is not None:
        texts["generated"] = quote(column.generated)
    if not column.stored:
        texts["stored"] = "False"
    if column.default is not None:
        texts["default"] = literal(column.default)
    return texts


def _render_index(operation: AddIndex | RemoveIndex) -> str:
    options = [quote(operation.table), f"[{', '.join(map(quote, operation.columns))}]"]
    if operation.unique:
        options.append("unique=True")
    if operation.name != index_name(operation.table, operation.columns):
        options.append(f"name={quote(operation.name)}")
    if operation.condition:
        options.append(f"where={quote(operation.condition)}")
    if operation.concurrently:
        options.append("concurrently=True")
    return _call("add_index" if isinstance(operation, AddIndex) else "remove_index", *options)
