"""`validates(...)`: when its rules hold, in which words, and uniqueness with scope and case."""

from __future__ import annotations

import pytest

from spica.db import Database
from spica.orm import Model, UnknownField, validates
from spica.validation import RuleOptionError


class Member(Model):
    name: str
    team: int = 1
    code: str | None = None
    terms: bool = False
    age: int | None = None

    validates("name", unique={"scope": ["team"], "case": False}, message="is known here")
    validates("code", presence=True, on="update")
    validates("terms", acceptance=True, on="create")
    validates("age", number={"ge": 18}, if_="is_adult_team", message="is too young")
    validates("age", number={"lt": 150}, if_=lambda member: member.team > 1)

    def is_adult_team(self) -> bool:
        return self.team == 18


@pytest.fixture(autouse=True)
async def members(db: Database) -> None:
    await db.execute(
        "create table members (id integer primary key, name varchar not null, team integer not null, code varchar, "
        "terms boolean not null, age integer)"
    )


async def messages(member: Member) -> dict[str, list[str]]:
    """What is wrong with a member."""
    await member.valid()
    return member.errors.to_dict()


async def test_unique_among_those_of_the_scope_capital_letters_or_not() -> None:
    await Member.create(name="Ann_1", terms=True)
    assert await messages(Member(name="aNN_1", terms=True)) == {"name": ["is known here"]}
    assert await messages(Member(name="AnnX1", terms=True)) == {}
    assert await messages(Member(name="Ann_1", team=2, terms=True)) == {}
    member = await Member.find_by(name="Ann_1")
    assert member is not None
    member.code = "x"
    assert await messages(member) == {}


async def test_a_rule_of_create_or_update_only() -> None:
    assert await messages(Member(name="Ann")) == {"terms": ["must be accepted"]}
    member = await Member.create(name="Ann", terms=True)
    member.terms = False
    assert await messages(member) == {"code": ["can't be blank"]}


async def test_a_rule_with_a_condition_and_words_of_its_own() -> None:
    member = Member(name="Ann", terms=True, age=10, team=18)
    assert await messages(member) == {"age": ["is too young"]}
    [detail] = member.errors.details("age")
    assert (detail.code, detail.parameters) == ("greater_than_or_equal_to", {"count": 18})
    assert await messages(Member(name="Ann", terms=True, age=10)) == {}
    assert await messages(Member(name="Ann", terms=True, age=150, team=2)) == {"age": ["must be less than 150"]}
    assert await messages(Member(name="Ann", terms=True, age=150, team=1)) == {}


async def test_messages_of_types_have_codes() -> None:
    member = Member(name=None, age="many", terms=True)
    await member.valid()
    assert [member.errors.details(name)[0].code for name in ("name", "age")] == ["blank", "not_a_number"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"confirmation": True}, "confirmation is not a rule of a model"),
        ({"on": "save"}, "on='save' has no meaning"),
        ({"unique": {"scop": "team"}}, "has no meaning"),
        ({"number": {"above": 3}}, "no validation option 'above'"),
    ],
)
def test_options_that_mean_nothing_are_refused_at_once(options: dict[str, object], message: str) -> None:
    with pytest.raises(RuleOptionError, match=message):
        validates("name", **options)  # type: ignore[arg-type]  # what is tested


def test_a_scope_that_is_no_field_is_refused_by_the_class() -> None:
    with pytest.raises(UnknownField, match="teem"):

        class Wrong(Model):
            name: str
            team: int
            validates("name", unique={"scope": "teem"})
