"""Markup of one field in generated views: its control in the form, and its value on a page.

Rules of this file:
- A control has a label, keeps what was typed when it is shown again, and is followed by the field's errors.
- A checkbox is preceded by a hidden 0, because a browser sends nothing for an empty one.
"""

from __future__ import annotations

from spica.generators.fields import Field


def render_control(record: str, field: Field) -> str:
    """Write label, control and errors of a field.

    Args:    record: name of the template's variable; field: what is edited.
    Returns: lines that start at column 0, no newline at the end.
    """
    name = field.attribute
    lines = [f'<label for="{record}_{name}">{field.title}</label>', *_control(record, field)]
    if field.type.control == "checkbox":
        lines = [*lines[1:], lines[0]]
    lines.append(f'{{{{ error_messages({record}, "{name}") }}}}')
    return "\n".join(['<div class="field">', *(f"  {line}" for line in lines), "</div>"])


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


def _control(record: str, field: Field) -> list[str]:
    name, value = field.attribute, f"{record}.{field.attribute}"
    common = f'id="{record}_{name}" name="{record}[{name}]"'
    state = f'{{% if {record}.errors.on("{name}") %}} aria-invalid="true"{{% end %}}'
    kind = field.type.control
    if kind == "checkbox":
        return [
            f'<input type="hidden" name="{record}[{name}]" value="0">',
            f'<input type="checkbox" {common} value="1"{{% if {value} %}} checked{{% end %}}>',
        ]
    if kind == "textarea":
        shown = f"{{{{ {value} }}}}"
        if field.type.name == "json":
            # Text is what was typed and could not be read as JSON.
            shown = f"{{% if isinstance({value}, dict) %}}{{{{ {value} | json }}}}{{% else %}}{shown}{{% end %}}"
        return [f'<textarea {common} rows="8"{state}>{shown}</textarea>']
    if kind == "datetime-local":
        value = f'{value}.isoformat()[:16] if hasattr({value}, "isoformat") else {value}'
    step = ' step="any"' if kind == "decimal" else ""
    input_type = "number" if kind == "decimal" else kind
    return [f'<input type="{input_type}" {common}{step} value="{{{{ {value} }}}}"{state}>']
