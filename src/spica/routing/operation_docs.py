"""What a route says of itself in API documents, beside what its signature shows.

Rules of this file: the words are kept as they were given; `spica.openapi` makes sense of types and examples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from spica.errors.http import HttpError
from spica.routing.errors import InvalidRouteOptionError
from spica.routing.location import Location


class DocsOptions(TypedDict, total=False):
    """What a route may say for API documents.

    `description` (default the rest of the docstring), `deprecated`, `operation_id` (default the function's name),
    `include_in_schema` (False leaves the route out), `responses` (by status a type, or a sentence), `raises` (classes
    of HttpError that it answers with), `examples` (of the body, by name).
    """

    description: str
    deprecated: bool
    operation_id: str
    include_in_schema: bool
    responses: Mapping[int, Any]
    raises: Sequence[type[HttpError]]
    examples: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OperationDocs:
    """What was said, with its defaults: `DocsOptions`."""

    description: str = ""
    deprecated: bool = False
    operation_id: str = ""
    include_in_schema: bool = True
    responses: tuple[tuple[int, Any], ...] = ()
    raises: tuple[type[HttpError], ...] = ()
    examples: tuple[tuple[str, Any], ...] = ()


NO_DOCS = OperationDocs()


def build_docs(options: Mapping[str, Any], where: Location) -> OperationDocs:
    """Read the options of a route that are for documents.

    Raises: InvalidRouteOptionError for a status that is none, and for what isn't an HttpError.
    """
    if options.keys().isdisjoint(DocsOptions.__annotations__):
        return NO_DOCS
    responses = dict(options.get("responses", {}))
    for status in responses:
        if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599:
            raise InvalidRouteOptionError(
                f"responses= names {status!r}",
                where=str(where),
                why="it tells by status what a response holds",
                fix="write responses={404: Problem}",
            )
    raises = tuple(options.get("raises", ()))
    for kind in raises:
        if not (isinstance(kind, type) and issubclass(kind, HttpError)):
            raise InvalidRouteOptionError(
                f"raises= names {kind!r}",
                where=str(where),
                why="only an HttpError has a status that a document can tell",
                fix="write raises=[NotFound], or responses={404: Problem}",
            )
    return OperationDocs(
        description=options.get("description", ""),
        deprecated=options.get("deprecated", False),
        operation_id=options.get("operation_id", ""),
        include_in_schema=options.get("include_in_schema", True),
        responses=tuple(responses.items()),
        raises=raises,
        examples=tuple(dict(options.get("examples", {})).items()),
    )
