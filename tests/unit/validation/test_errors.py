"""Errors: messages by field."""

from __future__ import annotations

from spica.validation import Errors, Message


def test_it_is_false_and_empty_at_first() -> None:
    errors = Errors()
    assert not errors
    assert len(errors) == 0
    assert list(errors) == []
    assert errors.on("title") == []


def test_messages_are_kept_by_field_in_the_order_they_came() -> None:
    errors = Errors()
    errors.add("title", "can't be blank")
    errors.add("author_id", "must exist")
    errors.add("title", "is too short")
    errors.add("title", "can't be blank")
    assert errors
    assert errors.on("title") == ["can't be blank", "is too short"]
    assert "author_id" in errors
    assert "body" not in errors
    assert len(errors) == 3
    assert errors.to_dict() == {"title": ["can't be blank", "is too short"], "author_id": ["must exist"]}


def test_full_messages_name_the_field() -> None:
    errors = Errors()
    errors.add("published_at", "is not a date")
    errors.add("author_id", "must exist")
    errors.add("id", "is taken")
    errors.add("base", "Nothing works today")
    assert errors.full_messages == [
        "Published at is not a date",
        "Author must exist",
        "Id is taken",
        "Nothing works today",
    ]


def test_the_answers_are_copies() -> None:
    errors = Errors()
    errors.add("title", "is bad")
    errors.on("title").append("more")
    errors.to_dict()["title"].append("more")
    assert errors.on("title") == ["is bad"]


def test_details_have_codes_and_parameters_for_translations() -> None:
    errors = Errors()
    errors.add("title", "is odd")
    errors.add("title", "is too short", code="too_short", count=3)
    errors.add("title", Message("can't be blank", "blank"))
    assert [(message.code, message.parameters) for message in errors.details("title")] == [
        ("invalid", {}),
        ("too_short", {"count": 3}),
        ("blank", {}),
    ]
    assert errors.details("body") == []


def test_what_it_shows_is_plain_text() -> None:
    errors = Errors()
    errors.add("title", Message("can't be blank", "blank"))
    [(_, message)] = errors
    assert {type(message), type(errors.on("title")[0]), type(errors.to_dict()["title"][0])} == {str}
    assert repr(errors) == """Errors({'title': ["can't be blank"]})"""


def test_a_copy_is_independent_and_update_takes_over() -> None:
    errors = Errors()
    errors.add("title", "is odd")
    copied = errors.copy()
    copied.add("title", "is long")
    copied.add("body", "is short")
    assert errors.to_dict() == {"title": ["is odd"]}
    errors.update(copied)
    assert errors.to_dict() == {"title": ["is odd", "is long"], "body": ["is short"]}
