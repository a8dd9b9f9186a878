"""Markers of FastAPI, pydantic and annotated_types: refused at boot, with what is written here instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import annotated_types
import fastapi
import pydantic
import pytest

from spica.controllers.binding import HttpHost
from spica.injection.errors import SignatureError
from spica.injection.plan import build_plan
from spica.routing.pattern import parse_pattern
from tests.unit.controllers.requests import context, errors_of, json, read, typed


def connect() -> int:
    return 1


def constrained_by_default(limit: int = fastapi.Query(20, ge=1, le=100)) -> None: ...


def constrained_beside(limit: Annotated[int, fastapi.Query(ge=1)] = 20) -> None: ...


def with_an_alias(agent: Annotated[str, fastapi.Header(alias="x-agent", max_length=9)]) -> None: ...


def required(name: str = fastapi.Form(...)) -> None: ...


def provided(db: int = fastapi.Depends(connect)) -> None: ...


def by_pydantic(name: Annotated[str, pydantic.Field(min_length=3, pattern="^a")]) -> None: ...


def by_annotated_types(limit: Annotated[int, annotated_types.Gt(0)]) -> None: ...


def inside(ids: list[Annotated[int, annotated_types.Gt(0)]]) -> None: ...


@pytest.mark.parametrize(
    ("function", "fix"),
    [
        (constrained_by_default, "write limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20"),
        (constrained_beside, "write limit: Annotated[int, msgspec.Meta(ge=1)] = 20"),
        (with_an_alias, "write agent: Annotated[str, msgspec.Meta(max_length=9), Header('x-agent')]"),
        (required, "write name: Annotated[str, Form()]"),
        (provided, "write db: Annotated[int, Provide(connect)]"),
        (by_pydantic, "write name: Annotated[str, msgspec.Meta(min_length=3, pattern='^a')]"),
        (by_annotated_types, "write limit: Annotated[int, msgspec.Meta(gt=0)]"),
    ],
)
def test_it_is_refused_and_translated(function: Callable[..., Any], fix: str) -> None:
    refused = refuse(function)
    assert refused.fix == fix
    assert function.__name__ in refused.where


def test_it_is_found_inside_of_a_type() -> None:
    assert refuse(inside).what == "'ids' has a Gt of annotated_types"


class Person(pydantic.BaseModel):
    name: str


def test_pydantic_checks_its_own_types() -> None:
    people = typed(Annotated[list[Person], pydantic.Field(min_length=1)])
    assert errors_of(people, json(b"[]")) == [("", "too_short")]
    assert read(people, json(b'[{"name":"Ann"}]')) == [Person(name="Ann")]
    described = typed(Annotated[Person, pydantic.Field(description="who it is")])
    assert read(described, json(b'{"name":"Ann"}')) == Person(name="Ann")


def test_a_default_and_a_source_are_refused_of_pydantic_types_too() -> None:
    described: Any = pydantic.Field(description="who it is")

    def by_default(person: Person = described) -> None: ...
    def by_source(person: Annotated[Person, fastapi.Depends(connect)]) -> None: ...

    assert refuse(by_default).what == "'person' has a FieldInfo of pydantic"
    assert refuse(by_source).what == "'person' has a Depends of fastapi"


def test_a_field_that_only_describes_demands_nothing() -> None:
    described = typed(Annotated[str, pydantic.Field(description="a name", title="Name", examples=["Ann"])])
    assert read(described, context(target="/?value=Ann")) == "Ann"
    for field in (pydantic.Field(alias="n"), pydantic.Field("Ann"), pydantic.Field(default_factory=str)):
        assert "FieldInfo of pydantic" in refuse(typed(Annotated[str, field])).what


def refuse(function: Callable[..., Any]) -> SignatureError:
    with pytest.raises(SignatureError) as caught:
        build_plan(function, HttpHost(parse_pattern("/"), strict_path=True))
    return caught.value
