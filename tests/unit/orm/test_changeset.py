"""Changesets: casting, rules, constraints, and that nothing changes the record before `apply`."""

from __future__ import annotations

from typing import Any

import pytest

from spica.db import Database
from spica.http.params import Params
from spica.orm import Changeset, InvalidChangeset, Model, Password, UnknownField
from spica.validation import RuleOptionError


class Account(Model):
    name: str
    email: str | None = None
    age: int | None = None
    role: str = "guest"
    password: Password


def cast(**params: Any) -> Changeset[Account]:
    """A changeset of a new account, cast."""
    return Account.changeset(params).cast("name", "email", "age", "password")


def test_cast_takes_what_is_named_in_its_type() -> None:
    changeset = Account.changeset(Params({"name": "Ann", "age": "18", "role": "admin"})).cast("name", "age", "email")
    assert changeset.valid
    assert changeset.changes == {"name": "Ann", "age": 18}
    assert changeset.value("role") == "guest"
    with pytest.raises(UnknownField, match="'nam'"):
        changeset.cast("nam")


def test_what_does_not_fit_is_a_message_with_its_code() -> None:
    changeset = cast(name=None, age="many")
    assert changeset.errors.to_dict() == {"name": ["can't be blank"], "age": ["is not a number"]}
    assert [detail.code for detail in changeset.errors.details("age")] == ["not_a_number"]
    assert changeset.changes == {}


def test_each_step_is_a_new_changeset() -> None:
    first = Account.changeset({"name": "Ann"})
    second = first.cast("name")
    third = second.validate_required("email")
    assert (first.changes, second.changes, second.valid, third.valid) == ({}, {"name": "Ann"}, True, False)


def test_an_existing_record_is_changed_by_apply_only() -> None:
    account = Account(name="Ann", age=18)
    changeset = account.changeset({"name": "Ann", "age": "19"}).cast("name", "age")
    assert changeset.changes == {"age": 19}
    assert account.age == 18
    assert changeset.apply() is account
    assert account.age == 19
    assert Account.changeset(account, {"age": "20"}).cast("age").apply() is account
    assert account.age == 20


def test_required_looks_at_the_record_too() -> None:
    assert Account(name="Ann").changeset({}).validate_required("name").valid
    assert not cast().validate_required("name").valid
    assert cast(name=" ").validate_required("name", message="is needed").errors.on("name") == ["is needed"]
    assert cast(name="a", password="").validate_required("password").errors.on("password") == ["can't be blank"]


@pytest.mark.parametrize(
    ("changeset", "expected"),
    [
        (cast(email="a").validate_format("email", r"^[^@]+@[^@]+$"), {"email": ["is invalid"]}),
        (
            cast(name="a").validate_length("name", min=2, max=100),
            {"name": ["is too short (minimum is 2 characters)"]},
        ),
        (cast(name="a").validate_length("name", exactly=2, message="is odd"), {"name": ["is odd"]}),
        (cast(age=151).validate_number("age", ge=0, le=150), {"age": ["must be less than or equal to 150"]}),
        (cast(name="a").validate_inclusion("name", ["b"]), {"name": ["is not included in the list"]}),
        (cast(name="a").validate_exclusion("name", ["a"]), {"name": ["is reserved"]}),
        (cast(age=3).validate_change("age", lambda age: "is odd" if age % 2 else None), {"age": ["is odd"]}),
        (cast(age=3).validate(lambda changeset: changeset.add_error("base", "Not today")), {"base": ["Not today"]}),
        (cast(email=None).validate_format("email", "^x$").validate_number("age", ge=1), {}),
        (
            cast(password="long enough 1", password_confirmation="other").validate_confirmation("password"),
            {"password_confirmation": ["doesn't match password"]},
        ),
        (cast(password="same", password_confirmation="same").validate_confirmation("password"), {}),
        (cast(password="same").validate_confirmation("password"), {}),
        (
            cast(password_confirmation="x").validate_confirmation("password"),
            {"password_confirmation": ["doesn't match password"]},
        ),
        (cast(terms="on").validate_acceptance("terms"), {}),
        (cast(terms="0").validate_acceptance("terms"), {"terms": ["must be accepted"]}),
        (cast().validate_acceptance("terms", message="please"), {"terms": ["please"]}),
    ],
)
def test_rules(changeset: Changeset[Account], expected: dict[str, list[str]]) -> None:
    assert changeset.errors.to_dict() == expected
    assert changeset.valid is (not expected)


def test_mistakes_of_the_programmer_are_raised_whatever_was_sent() -> None:
    with pytest.raises(UnknownField):
        cast().validate_length("nam", max=3)
    with pytest.raises(UnknownField):
        cast().unique_constraint("emial")
    with pytest.raises(RuleOptionError):
        cast().validate_number("age", above=3)
    with pytest.raises(UnknownField, match="2 values more"):
        Account.changeset(Account(name="a"), {}, {})


def test_put_sets_what_does_not_come_from_outside() -> None:
    changeset = cast(name="Ann").put(role="admin", age="7")
    assert changeset.changes == {"name": "Ann", "role": "admin", "age": 7}
    assert changeset.params == {"name": "Ann"}
    assert not changeset.put(age="many").valid


def test_an_invalid_one_can_not_be_applied(db: Database) -> None:
    changeset = cast().validate_required("name")
    with pytest.raises(InvalidChangeset, match="Account is not valid: Name can't be blank") as caught:
        changeset.apply()
    assert caught.value.changeset is changeset
    assert caught.value.status == 422


def test_its_repr_has_no_values() -> None:
    assert repr(cast(name="Ann", password="secret words")) == "<Changeset of Account: name, password; valid>"
