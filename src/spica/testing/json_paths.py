"""JSONPath and parts of JSON, for expectations. Source: RFC 9535."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Found(NamedTuple):
    """What a path finds; `is_single`: it can never find more than one value."""

    values: list[Any]
    is_single: bool


def find(value: Any, path: str) -> Found:
    """Find what a JSONPath names. Raises ValueError when it is no JSONPath."""
    # Lazy: only tests that ask for a path need the library.
    try:
        from jsonpath_rfc9535 import JSONPathError, compile
    except ModuleNotFoundError as error:
        raise missing_library(error, "JSONPath") from None
    try:
        query = compile(path)
        return Found(list(query.find(value).values()), query.singular_query())
    except JSONPathError as error:
        raise ValueError(f"a JSONPath looks like $.posts[0].title, not {path!r}: {error}") from None


def missing_part(found: Any, wanted: Any, at: str = "$") -> str:
    """Say what of `wanted` is not in `found`, "" when all of it is."""
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            return f"{at} is {found!r}"
        missing = next((key for key in wanted if key not in found), None)
        if missing is not None:
            return f"{at} has no {missing!r}"
        parts = (missing_part(found[key], part, f"{at}.{key}") for key, part in wanted.items())
    elif isinstance(wanted, list | tuple):
        if not isinstance(found, list) or len(found) != len(wanted):
            return f"{at} is {found!r}"
        parts = (missing_part(one, part, f"{at}[{n}]") for n, (one, part) in enumerate(zip(found, wanted, strict=True)))
    else:
        return "" if found == wanted else f"{at} is {found!r}"
    return next((part for part in parts if part), "")


def missing_library(error: ModuleNotFoundError, what: str) -> ModuleNotFoundError:
    """The error of a library that comes with the extra `test`."""
    return ModuleNotFoundError(f"{what} needs {error.name}: pip install 'spica[test]'", name=error.name)
