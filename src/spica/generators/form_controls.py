"""Markup of one field in generated views: its control in the form, and its value on a page."""

from __future__ import annotations

from spica.app.form_values import label_of
from spica.generators.fields import Field

# The method of a form that makes a control; what is not here is called like the control.
_METHODS = {"datetime-local": "datetime", "decimal": "number"}


def render_control(field: Field) -> str:
    """Write the control of a field, with label, old input and errors.

    Args:    field: what is edited.
    Returns: one line, no newline at the end.
    """
    kind = field.type.control
    arguments = [f'"{field.attribute}"']
    if field.title != label_of(field.attribute):
        arguments.append(f'label="{field.title}"')
    if kind == "number":
        arguments.append("step=1")
    return f"{{{{ form.{_METHODS.get(kind, kind)}({', '.join(arguments)}) }}}}"


def render_value(record: str, field: Field, *, short: bool = False) -> str:
    """Write the value of a field on a page; `short` cuts long text, for a list."""
    value = f"{record}.{field.attribute}"
    if field.type.name == "boolean":
        return f'{{{{ "Yes" if {value} else "No" }}}}'
    if field.type.name == "datetime":
        return f'{{{{ {value} | date("%Y-%m-%d %H:%M") }}}}'
    if short and field.type.name == "text":
        return f"{{{{ {value} | truncate(80) }}}}"
    return f"{{{{ {value} }}}}"
