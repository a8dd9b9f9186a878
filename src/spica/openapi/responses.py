"""Responses: what an operation answers with, by status: what its function returns, what was declared, what is refused.

Rules of this file:
- What was declared for a status by `responses=` wins over what is derived.
- A `Response` may be anything: "default", with nothing said of it.
- What Spica refuses by itself is listed: values that don't fit, content of another type, missing credentials.
"""

from __future__ import annotations

import types
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator, Sequence
from typing import Any, Union, get_args, get_origin

from spica.controllers.sources import passes_unchanged
from spica.http import media_types
from spica.http.events import Event
from spica.http.response import Response
from spica.http.status import phrase
from spica.injection.annotations import bare
from spica.injection.signature import MISSING
from spica.middleware.csrf import Csrf
from spica.middleware.pipeline import Middleware
from spica.openapi.inputs import Input
from spica.openapi.problem import Problem, ValidationProblem
from spica.openapi.schemas import Schema, Schemas
from spica.routing.route import Route

EVENTS = "text/event-stream"
_STREAMS = (AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator)
_CONTENT = frozenset({"body", "form", "field", "file"})
_CHECKED = frozenset({"query", "record", "header", "cookie"})


class Responses:
    """The responses of one document; those that many operations share are components."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self.components: dict[str, Schema] = {}

    def build(self, route: Route, returned: Any, inputs: list[Input], chain: Sequence[Middleware]) -> Schema:
        """Build the responses of an operation.

        Args:    route: it; returned: the type that its function says it returns, MISSING for none; inputs: what it
                 reads; chain: its middleware.
        """
        found = self._succeed(route, returned)
        for status in sorted(find_refusals(route, inputs) | _find_middleware_refusals(route, chain)):
            found.setdefault(str(status), self._problem(status))
        for kind in route.docs.raises:
            found[str(kind.status)] = self._problem(kind.status)
        for status, said in route.docs.responses:
            found[str(status)] = self._declared(status, said)
        return dict(sorted(found.items()))

    def _succeed(self, route: Route, returned: Any) -> Schema:
        if route.is_events:
            return {"200": _with_content("A stream of events", {EVENTS: {"schema": {"type": "string"}}})}
        if returned is MISSING or bare(returned) is Any:
            unsaid = route.docs.responses and any(200 <= status < 400 for status, _ in route.docs.responses)
            return {} if unsaid else {"default": {"description": "Whatever the handler answers with"}}
        found: Schema = {}
        values: list[Any] = []
        for member in _members(returned):
            type_ = bare(member)
            if type_ is types.NoneType:
                status = 204 if route.status == 200 else route.status
                found[str(status)] = {"description": phrase(status)}
            elif isinstance(type_, type) and issubclass(type_, Response):
                found["default"] = {"description": "Whatever the handler answers with"}
            else:
                values.append(member)
        if values:
            found[str(route.status)] = _with_content(phrase(route.status), self._contents(values))
        return found

    def _contents(self, values: list[Any]) -> Schema:
        content: Schema = {}
        json: Any = None
        for type_ in values:
            media_type = _media_type(type_)
            if media_type != media_types.JSON:
                content[media_type] = {"schema": {"type": "string"}} if media_type != media_types.BYTES else {}
            else:
                json = type_ if json is None else json | type_
        if json is not None:
            content[media_types.JSON] = {"schema": self._schemas.of(json)}
        return content

    def _declared(self, status: int, said: Any) -> Schema:
        if said is None:
            return {"description": phrase(status)}
        if isinstance(said, str):
            return {"description": said} if status < 400 else self._describe_problem(said)
        is_problem = isinstance(said, type) and issubclass(said, Problem)
        content = media_types.PROBLEM if is_problem else _media_type(said)
        schema = self._schemas.of(said) if content in (media_types.JSON, media_types.PROBLEM) else {"type": "string"}
        return _with_content(phrase(status), {content: {"schema": schema}})

    def _problem(self, status: int) -> Schema:
        name = "".join(word.capitalize() for word in phrase(status).split())
        if name not in self.components:
            kind = ValidationProblem if status == 422 else Problem
            self.components[name] = self._describe_problem(phrase(status), kind)
        return {"$ref": f"#/components/responses/{name}"}

    def _describe_problem(self, description: str, kind: type[Problem] = Problem) -> Schema:
        return _with_content(description, {media_types.PROBLEM: {"schema": self._schemas.of(kind)}})


def find_refusals(route: Route, inputs: list[Input]) -> set[int]:
    """The statuses that Spica answers by itself where a request doesn't fit a route."""
    sources = {one.source for one in inputs}
    found: set[int] = set()
    if route.pattern.parameters:
        found.add(404)
    if sources & (_CHECKED | _CONTENT) or _checks_path(route, inputs):
        found |= {400, 422}
    if sources & _CONTENT:
        found |= {400, 413, 415}
    if "stream" in sources:
        found.add(413)
    if "user" in sources:
        found.add(401)
    return found


def _find_middleware_refusals(route: Route, chain: Sequence[Middleware]) -> set[int]:
    asks = [one for one in chain if route.method != "GET" or not isinstance(one, Csrf)]
    return {status for one in asks for status in one.refuses}


def _checks_path(route: Route, inputs: list[Input]) -> bool:
    native = {parameter.name: parameter.type for parameter in route.pattern.parameters}
    is_function = not isinstance(route.target, str)
    return is_function and any(
        one.source == "path" and not passes_unchanged(one.parameter, native[one.name]) for one in inputs
    )


def _members(returned: Any) -> tuple[Any, ...]:
    type_ = bare(returned)
    return get_args(type_) if get_origin(type_) in (Union, types.UnionType) else (returned,)


def _media_type(type_: Any) -> str:
    type_ = bare(type_)
    if type_ is str:
        return "text/plain"
    if type_ is bytes:
        return media_types.BYTES
    if (get_origin(type_) or type_) in _STREAMS:
        return EVENTS if Event in get_args(type_) else "text/plain"
    return media_types.JSON


def _with_content(description: str, content: Schema) -> Schema:
    return {"description": description, "content": content}
