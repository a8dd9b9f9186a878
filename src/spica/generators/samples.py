"""Sample values for tests: what a field holds, as Python source and as a browser sends it."""

from __future__ import annotations

from spica import inflection
from spica.generators.field_types import Import
from spica.generators.fields import Field


def python_sample(field: Field) -> str:
    """Source of a factory's value; a unique text counts up, because a table holds it once."""
    if field.type.textual:
        return f'sequence("{_phrase(field)} {{n}}")' if field.unique else f'"{_phrase(field)}"'
    # Each record has a dict of its own.
    return f"lazy(lambda: {field.type.sample})" if field.type.name == "json" else field.type.sample


def form_sample(field: Field) -> str:
    """Source of the same value as a form sends it: always text."""
    if field.type.textual:
        return f'"{_phrase(field)}"'
    return (
        repr(field.type.form_sample).replace("'", '"')
        if '"' not in field.type.form_sample
        else repr(field.type.form_sample)
    )


def sample_imports(fields: list[Field]) -> set[Import]:
    """What the Python samples of these fields need."""
    imports = {field.type.sample_imports for field in fields if field.type.sample_imports}
    if any(field.type.name == "datetime" for field in fields):
        imports.add(("datetime", "UTC"))
    if any(field.type.name == "json" for field in fields):
        imports.add(("spica.testing", "lazy"))
    return imports


def _phrase(field: Field) -> str:
    words = inflection.title(field.name).lower()
    return f"{inflection.article(words).capitalize()} {words}"
