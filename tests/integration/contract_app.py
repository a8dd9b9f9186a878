"""A small API with everything that a document describes, for the contract test."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import msgspec

import spica.middleware as m
from spica import App, Cookie, File, Form, Header, NotFound, Path, Query, Response, UploadFile


class Color(enum.Enum):
    """What a thing may be painted in."""

    RED = "red"
    BLUE = "blue"


class Address(msgspec.Struct):
    """Where somebody lives."""

    city: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    zip: Annotated[str, msgspec.Meta(pattern="^[0-9]{5}$")]


class Person(msgspec.Struct, tag="person"):
    """A customer who is one person."""

    name: Annotated[str, msgspec.Meta(min_length=2, max_length=100)]
    address: Address
    born: date | None = None


class Company(msgspec.Struct, tag="company"):
    """A customer who is many."""

    name: str
    employees: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    addresses: list[Address] = []


class Filter(msgspec.Struct):
    """What to look for."""

    state: Literal["open", "closed"] = "open"
    labels: list[str] = []


@dataclass
class Line:
    """One line of an order."""

    sku: str
    amount: Annotated[int, msgspec.Meta(gt=0, lt=1000)]
    price: Decimal


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """What was ordered."""

    lines: Annotated[list[Line], msgspec.Meta(min_length=1, max_length=5)]
    color: Color = Color.RED
    note: str | None = None


class Contact(msgspec.Struct):
    """A message, as a form."""

    email: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+@[a-z]+\.example$")]
    text: Annotated[str, msgspec.Meta(max_length=500)] = ""


class Note(msgspec.Struct):
    """A problem of ours: what a shop says besides RFC 9457."""

    reason: str


def build_app() -> App:
    app = App(env="test")
    app.describe_api(title="Shop", version="1.2.0", description="What a contract test needs.")
    with app.pipeline("members"):
        app.use(m.Bearer(lambda token: "ann" if token == "secret" else None))

    @app.get("/people/{id:int}", raises=[NotFound], tags=["people"])
    def show_person(id: int) -> Person:
        """Show somebody."""
        if id > 3:
            raise NotFound("no such person")
        return Person("Ann", Address("Rome", "00100"), date(1990, 2, 3))

    @app.post("/people", status=201, tags=["people"], examples={"ann": Person("Ann", Address("Rome", "00100"))})
    async def create_person(body: Person | Company) -> Person | Company:
        """Add a customer, of either kind."""
        return body

    @app.delete("/people/{id:int}", tags=["people"])
    def remove_person(id: Annotated[int, msgspec.Meta(le=1000)]) -> None:
        """Remove somebody."""

    @app.get("/search", tags=["search"])
    def search(
        q: Annotated[str, msgspec.Meta(min_length=2, max_length=50)],
        limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20,
        color: Color | None = None,
        since: date | None = None,
        tag: Annotated[list[str], msgspec.Meta(max_length=4)] = [],  # noqa: B006 - never changed
        ratio: float = 1.0,
        exact: bool = False,
    ) -> dict[str, int]:
        return {"found": limit}

    @app.get("/issues")
    def issues(filter: Annotated[Filter, Query()], page: int = 1) -> Filter:
        return filter

    @app.get("/things/{key}")
    def show_thing(key: UUID) -> dict[str, str]:
        return {"key": str(key)}

    @app.get("/numbered/{number}")
    def numbered(id: Annotated[int, Path("number"), msgspec.Meta(ge=0, le=9)]) -> int:
        return id

    @app.post("/orders", status=201, responses={409: Note})
    async def order(body: Order) -> Order:
        return body

    @app.post("/contact")
    async def contact(form: Annotated[Contact, Form()]) -> str:
        return "thank you"

    @app.put("/people/{id:int}/picture", status=201)
    async def picture(
        id: int, picture: Annotated[UploadFile, File(max_size=100_000)], alt: Annotated[str, Form()] = ""
    ) -> dict[str, int]:
        return {"size": picture.size}

    @app.get("/greeting", deprecated=True)
    def greeting(accept_language: Annotated[str, Header()] = "en", theme: Annotated[str, Cookie()] = "dark") -> str:
        return "hello"

    @app.get("/me", pipe="members")
    def me() -> dict[str, str]:
        return {"name": "ann"}

    @app.get("/teapot", responses={202: str})
    def teapot() -> Response:
        return Response("short and stout", 202)

    return app
