"""`repo`: saving changesets and records, violations as messages, reading, transactions."""

from __future__ import annotations

from typing import Any

import pytest

from spica.db import ConstraintViolation, Database, transaction
from spica.orm import (
    Changeset,
    InvalidChangeset,
    Model,
    NotPersisted,
    QueryError,
    ValidationError,
    before_save,
    repo,
    validates,
)


class City(Model, table="cities"):
    name: str


class Person(Model, table="folk"):
    email: str
    name: str = ""
    age: int = 18
    city_id: int | None = None
    home_id: int | None = None

    validates("name", length={"max": 10})


class Loud(Model, table="folk"):
    email: str
    name: str = ""
    age: int = 18

    @before_save
    def shout(self) -> None:
        self.name = self.name.upper()


@pytest.fixture(autouse=True)
async def folk(db: Database) -> None:
    await db.execute("create table cities (id integer primary key, name varchar not null)")
    await db.execute(
        "create table folk (id integer primary key, email varchar not null unique, name varchar not null, "
        "age integer not null constraint folk_age check (age >= 0), city_id integer references cities (id), "
        "home_id integer references cities (id))"
    )


def changeset(person: Person | None = None, **params: Any) -> Changeset[Person]:
    """A changeset that expects what the table may refuse."""
    return (
        Person.changeset(person, params)
        .cast("email", "name", "age", "city_id", "home_id")
        .unique_constraint("email", message="is known")
        .check_constraint("age", name="folk_age", message="can't be negative")
        .foreign_key_constraint("city_id")
    )


async def test_a_changeset_is_inserted_and_updated() -> None:
    person = await repo.insert(changeset(email="a@b.c", age="20"))
    assert person.persisted
    assert await repo.update(changeset(person, age="21")) is person
    assert (await Person.find(person.id)).age == 21


async def test_a_record_is_inserted_updated_and_deleted() -> None:
    person = await repo.insert(Person(email="a@b.c"))
    person.age = 30
    await repo.update(person)
    assert await Person.pluck("age") == [30]
    assert (await repo.delete(person)).new_record
    with pytest.raises(ValidationError, match="Name is too long"):
        await repo.insert(Person(email="a@b.c", name="x" * 11))
    await repo.insert_or_update(person)
    assert await Person.count() == 1


async def test_an_invalid_changeset_is_not_saved() -> None:
    with pytest.raises(InvalidChangeset, match="Name can't be blank"):
        await repo.insert(changeset(email="a").validate_required("name"))
    assert await Person.count() == 0


async def test_the_rules_of_the_model_hold_for_changesets_too() -> None:
    with pytest.raises(InvalidChangeset) as caught:
        await repo.insert(changeset(email="a", name="x" * 11))
    assert caught.value.changeset.errors.on("name") == ["is too long (maximum is 10 characters)"]


@pytest.mark.parametrize(
    ("params", "errors"),
    [
        ({"email": "taken"}, {"email": ["is known"]}),
        ({"email": "a", "age": -1}, {"age": ["can't be negative"]}),
        ({"email": "a", "city_id": 99}, {"city_id": ["must exist"]}),
    ],
)
@pytest.mark.parametrize("inside", [False, True], ids=["alone", "in a transaction"])
async def test_a_violation_is_a_message_on_its_field(
    params: dict[str, Any], errors: dict[str, list[str]], inside: bool
) -> None:
    await Person.create(email="taken")
    other = await Person.create(email="other")
    for person in (None, other):
        wanted = changeset(person, **params)
        save = repo.insert if person is None else repo.update
        with pytest.raises(InvalidChangeset) as caught:
            await (repo.transaction(lambda _, save=save, wanted=wanted: save(wanted)) if inside else save(wanted))
        assert caught.value.changeset.errors.to_dict() == errors
        assert wanted.valid
    assert (other.email, other.age, other.city_id, other.changed) == ("other", 18, None, [])
    assert await Person.count() == 2


async def test_a_refused_row_leaves_the_transaction_around_it_usable() -> None:
    await Person.create(email="taken")
    async with transaction():
        await Person.create(email="before")
        with pytest.raises(InvalidChangeset):
            await repo.insert(changeset(email="taken"))
        await Person.create(email="after")
    assert await Person.order("id").pluck("email") == ["taken", "before", "after"]


async def test_a_violation_that_nobody_expected_is_raised() -> None:
    with pytest.raises(ConstraintViolation):
        await repo.insert(Person.changeset({"email": "a", "age": -1}).cast("email", "age"))
    with pytest.raises(ConstraintViolation):
        await repo.insert(Person.changeset({"email": "a", "city_id": 9}).cast("email", "city_id"))


async def test_of_several_foreign_keys_sqlite_does_not_say_which() -> None:
    wanted = changeset(email="a", home_id=9).foreign_key_constraint("home_id", message="is no city")
    with pytest.raises(InvalidChangeset) as caught:
        await repo.insert(wanted)
    assert caught.value.changeset.errors.to_dict() == {"city_id": ["must exist"], "home_id": ["is no city"]}


async def test_callbacks_run_and_their_save_explains_violations_too() -> None:
    loud = await repo.insert(Loud.changeset({"email": "a", "name": "ann"}).cast("email", "name"))
    assert loud.name == "ANN"
    with pytest.raises(InvalidChangeset) as caught:
        await repo.insert(Loud.changeset({"email": "a"}).cast("email").unique_constraint("email"))
    assert caught.value.errors[0].message == "has already been taken"


async def test_insert_and_update_want_the_right_kind_of_record() -> None:
    person = await Person.create(email="a")
    with pytest.raises(QueryError, match="in the database already"):
        await repo.insert(person)
    with pytest.raises(NotPersisted, match="can't be updated"):
        await repo.update(changeset(email="b"))


async def test_reading() -> None:
    for age in (10, 20, 30):
        await repo.insert(Person(email=f"{age}", age=age))
    grown = Person.where(Person.age >= 18).order("age")
    assert [person.age for person in await repo.all(grown)] == [20, 30]
    assert len(await repo.all(Person)) == 3
    found = await repo.one(Person.where(age=10))
    assert found is not None
    assert await repo.get(Person, found.id) == found
    assert await repo.get(Person, 99) is None
    assert await repo.get_by(Person, age=10) == found
    assert await repo.one(Person.where(age=11)) is None
    with pytest.raises(QueryError, match="more than one"):
        await repo.one(grown)
    assert await repo.exists(grown)
    assert not await repo.exists(Person.where(age=11))
    assert await repo.aggregate(grown, "sum", "age") == 50
    assert await repo.aggregate(Person, "count") == 3
    assert await repo.aggregate(Person, "maximum", "age") == 30
    with pytest.raises(QueryError, match="no aggregate 'median'"):
        await repo.aggregate(Person, "median", "age")  # type: ignore[arg-type]  # what is tested


async def test_a_transaction_is_whole_or_not_at_all() -> None:
    async def work(repo: Any) -> str:
        await repo.insert(Person(email="a"))
        await repo.insert(changeset(email="a"))
        return "never"

    with pytest.raises(InvalidChangeset):
        await repo.transaction(work)
    assert await Person.count() == 0
    assert await repo.transaction(lambda _: "plain") == "plain"
