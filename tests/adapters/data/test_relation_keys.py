"""Relations to models whose key is a UUID, a text, a field of another name, or several fields; on every database."""

from __future__ import annotations

from uuid import UUID

import pytest

from spica.db.engine import Database
from spica.orm import Model, ModelDefinitionError, NotLoaded, belongs_to, field, has_many, has_one, many_to_many
from spica.testing.queries import assert_queries
from tests.adapters.data.databases import WORDS


class Country(Model):
    code: str = field(primary_key=True)
    name: str
    cities: list[City] = has_many(order="name")


class City(Model):
    id: UUID
    name: str
    country: Country = belongs_to()
    twin: City | None = belongs_to()
    mayor: Mayor | None = has_one()
    routes: list[Route] = many_to_many(order="number")


class Mayor(Model):
    name: str
    city: City = belongs_to()


class Route(Model):
    number: int = field(primary_key=True)
    cities: list[City] = many_to_many(order="name")


class Shelf(Model):
    """Books refer to it by its label, not by its key."""

    label: str = field(unique=True)
    items: list[Item] = has_many(primary_key="label", foreign_key="shelf_label")


class Item(Model):
    name: str
    shelf_label: str
    shelf: Shelf = belongs_to(foreign_key="shelf_label", primary_key="label")


class Seat(Model):
    row: int = field(primary_key=True)
    number: int = field(primary_key=True)
    tickets: list[Ticket] = has_many(foreign_key="seat_id")


class Ticket(Model):
    seat_id: int


TABLES = (
    "create table countries (code varchar(3) primary key, name varchar(50) not null)",
    "create table cities (id {uuid} primary key, name varchar(50) not null, country_id varchar(3) not null"
    " references countries (code), twin_id {uuid} references cities (id))",
    "create table mayors (id {id}, name varchar(50) not null, city_id {uuid} not null references cities (id))",
    "create table routes (number bigint primary key)",
    "create table cities_routes (city_id {uuid} not null, route_id bigint not null, primary key (city_id, route_id))",
    "create table shelves (id {id}, label varchar(50) not null unique)",
    "create table items (id {id}, name varchar(50) not null, shelf_label varchar(50) not null)",
)


@pytest.fixture(autouse=True)
async def countries(database: Database) -> None:
    """Two countries with three cities, one of which has a mayor; two routes."""
    for table in TABLES:
        await database.execute(table.format_map(WORDS[database.dialect]))
    chile = await Country.create(code="CL", name="Chile")
    peru = await Country.create(code="PE", name="Peru")
    lima = await City.create(name="Lima", country=peru)
    arica = await City.create(name="Arica", country=chile, twin=lima)
    await City.create(name="Temuco", country=chile)
    await Mayor.create(name="Ana", city=arica)
    for number in (7, 3):
        await Route.create(number=number)
        for city in (lima, arica):
            await database.execute("insert into cities_routes values (:city, :route)", city=city.id, route=number)


def test_the_key_of_a_relation_has_the_type_of_what_it_holds() -> None:
    kinds = {one.name: (one.kind, one.nullable) for one in City.__schema__.fields}
    assert kinds["country_id"] == (str, False)
    assert kinds["twin_id"] == (UUID, True)
    assert Mayor.__schema__.field("city_id").kind is UUID


async def test_a_natural_key() -> None:
    with assert_queries(2):
        countries = await Country.includes("cities").order("code")
    assert [[city.name for city in country.cities] for country in countries] == [["Arica", "Temuco"], ["Lima"]]
    with assert_queries(1):
        cities = await City.includes("country").order("name")
    assert [city.country.name for city in cities] == ["Chile", "Peru", "Chile"]
    assert await countries[0].related("cities").where(name="Arica").count() == 1
    assert await City.where(country=countries).count() == 3


async def test_a_uuid() -> None:
    with assert_queries(2):
        cities = await City.includes("twin", "mayor").order("name")
    assert [city.twin and city.twin.name for city in cities] == ["Lima", None, None]
    assert [city.mayor and city.mayor.name for city in cities] == ["Ana", None, None]
    mayor = await Mayor.sole()
    with pytest.raises(NotLoaded, match=r"Mayor\.city of the record with id 1"):
        _ = mayor.city
    assert (await mayor.related("city").sole()).name == "Arica"


async def test_pairs_of_other_keys() -> None:
    with assert_queries(3):
        cities = await City.includes("routes").order("name")
    assert [[route.number for route in city.routes] for city in cities] == [[3, 7], [3, 7], []]
    route = await Route.find(3)
    assert [city.name for city in await route.related("cities")] == ["Arica", "Lima"]


async def test_a_field_that_is_not_the_primary_key() -> None:
    low, high = [await Shelf.create(label=label) for label in ("low", "high")]
    for name, shelf in (("cup", high), ("pan", low), ("pot", low)):
        item = await Item.create(name=name, shelf=shelf)
        assert item.shelf_label == shelf.label
    with assert_queries(2):
        shelves = await Shelf.includes("items").order("id")
    assert [[item.name for item in shelf.items] for shelf in shelves] == [["pan", "pot"], ["cup"]]
    assert [item.shelf.label for item in await Item.includes("shelf").order("id")] == ["high", "low", "low"]


def test_a_key_of_several_fields_is_refused() -> None:
    with pytest.raises(ModelDefinitionError, match=r'(?s)the key of Seat is row and number.*primary_key="'):
        _ = Seat.__schema__.relation("tickets").foreign_key
