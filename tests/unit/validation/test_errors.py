"""Errors: messages by field."""

from __future__ import annotations

from spica.validation import Errors


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
