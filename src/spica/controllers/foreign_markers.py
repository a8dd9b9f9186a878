"""Markers of other libraries in a signature, which would be passed over, or passed on as values.

Rules: known by the names of their modules and classes, so nothing is imported. The fix is written in our words, with
the default and the constraints that stood in theirs. What pydantic says of its own types it checks itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from spica.controllers.codecs import find_adapter
from spica.injection.errors import SignatureError
from spica.injection.signature import MISSING, Parameter
from spica.injection.types import type_name

_MARKERS = frozenset({"Path", "Query", "Header", "Cookie", "Body", "Form", "File"})
# Words of pydantic and annotated_types to those of msgspec.Meta, by attribute.
_CONSTRAINTS = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern")


def refuse_foreign_marker(parameter: Parameter) -> None:
    """Refuse what FastAPI, pydantic or annotated_types say of a parameter.

    As a default it would be the value; in `Annotated` its constraints would not be checked. They are where the type's
    own library reads it, and a pydantic.Field that only describes demands nothing.

    Raises: SignatureError.
    """
    if _is_foreign(parameter.default):
        found, why = (
            parameter.default,
            "a default is the value that is passed when none was sent: here the marker itself",
        )
    else:
        has_codec = find_adapter(parameter.bare_type) is not None
        found = next((one for one in _metadata(parameter.type) if _is_lost(one, has_codec=has_codec)), None)
        why = "nobody here reads it, so what it demands would not be checked"
    if found is None:
        return
    raise SignatureError(
        f"{parameter.name!r} has a {type(found).__name__} of {_library(found)}",
        where=parameter.where,
        why=why,
        fix=f"write {_translate(parameter, found)}",
    )


def _library(value: object) -> str:
    return type(value).__module__.partition(".")[0]


def _is_foreign(value: object) -> bool:
    module = type(value).__module__
    return (
        module == "fastapi.params"
        or module == "annotated_types"
        or (module == "pydantic.fields" and type(value).__name__ == "FieldInfo")
    )


def _is_lost(piece: object, *, has_codec: bool) -> bool:
    """Whether what stands in `Annotated` demands something that nobody would read."""
    module = type(piece).__module__
    if not _is_foreign(piece) or module == "fastapi.params":
        return _is_foreign(piece)
    if has_codec:
        return False
    return module == "annotated_types" or _demands(piece)


def _demands(field: Any) -> bool:
    """Whether a pydantic.Field says more than a title or a description."""
    names = (field.alias, field.validation_alias, field.default_factory)
    return bool(field.metadata) or any(one is not None for one in names) or not _is_undefined(field.default)


def _is_undefined(default: object) -> bool:
    return default is MISSING or default is ... or type(default).__name__ == "PydanticUndefinedType"


def _metadata(annotation: Any) -> Iterator[object]:
    """What stands in the `Annotated` of a type and of the types inside of it."""
    if get_origin(annotation) is Annotated:
        yield from annotation.__metadata__
    for inner in get_args(annotation):
        yield from _metadata(inner)


def _translate(parameter: Parameter, found: Any) -> str:
    """Write the parameter as it is written here."""
    bare, name = type_name(parameter.bare_type), type(found).__name__
    if name == "Depends":
        function = getattr(found.dependency, "__name__", "make_it")
        return f"{parameter.name}: Annotated[{bare}, Provide({function})]"
    words = [bare]
    if constraints := _constraints(parameter, found):
        words.append(f"msgspec.Meta({', '.join(f'{key}={value!r}' for key, value in constraints.items())})")
    if name in _MARKERS and (name != "Query" or not constraints):
        alias = getattr(found, "alias", None)
        words.append(f"{name}({alias!r})" if alias else f"{name}()")
    written = f"Annotated[{', '.join(words)}]" if len(words) > 1 else bare
    return f"{parameter.name}: {written}{_default(parameter, found)}"


def _constraints(parameter: Parameter, found: Any) -> dict[str, object]:
    stated = [one for one in _metadata(parameter.type) if _is_foreign(one)] or [found]
    pieces = [piece for one in stated for piece in (getattr(one, "metadata", None) or [one])]
    return {
        name: getattr(piece, name)
        for piece in pieces
        for name in _CONSTRAINTS
        if isinstance(getattr(piece, name, None), int | float | str)
    }


def _default(parameter: Parameter, found: Any) -> str:
    default = getattr(found, "default", MISSING) if parameter.default is found else parameter.default
    return "" if _is_undefined(default) else f" = {default!r}"
