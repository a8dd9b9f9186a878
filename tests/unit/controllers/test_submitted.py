"""Forms that an action judges itself."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

import msgspec
import pytest

from spica import Form, Submitted
from spica.app.helpers import error_messages
from spica.errors.http import UnsupportedMediaType
from tests.unit.controllers.requests import context, form, read, refused_signature, typed


class PostIn(msgspec.Struct):
    title: Annotated[str, msgspec.Meta(min_length=3, max_length=5)]
    stars: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    on: datetime.date | None = None
    slug: Annotated[str, msgspec.Meta(pattern="^[a-z]*$")] = ""

    def __post_init__(self) -> None:
        if self.slug == self.title:
            raise ValueError("title and slug are the same")


POST = typed(Annotated[Submitted[PostIn], Form("post")])


def test_a_form_that_is_right_has_data() -> None:
    submitted: Submitted[PostIn] = read(POST, form(("post[title]", "Hello"), ("post[stars]", "2"), ("post[on]", "")))
    assert submitted.valid
    assert submitted
    assert submitted.data == PostIn("Hello", 2)
    assert submitted.errors.full_messages == []


def test_a_form_that_is_wrong_has_errors_in_the_words_of_a_model() -> None:
    submitted = read(POST, form(("post[title]", "Hi"), ("post[stars]", "x"), ("post[on]", "soon"), ("post[slug]", "A")))
    assert not submitted.valid
    assert submitted.errors.to_dict() == {
        "title": ["is too short (minimum is 3 characters)"],
        "stars": ["is not a number"],
        "on": ["is not a date"],
        "slug": ["is invalid"],
    }
    assert submitted.value("title") == "Hi"
    assert submitted.value("nothing") == ""
    assert error_messages(submitted, "stars") == '<ul class="errors"><li>is not a number</li></ul>'
    with pytest.raises(ValueError, match="Title is too short"):
        submitted.data


@pytest.mark.parametrize(
    ("pairs", "messages"),
    [
        ([("post[title]", "too long")], {"title": ["is too long (maximum is 5 characters)"]}),
        ([("post[title]", "Hello"), ("post[stars]", "6")], {"stars": ["must be less than or equal to 5"]}),
        ([("post[title]", "Hello"), ("post[stars]", "0")], {"stars": ["must be greater than or equal to 1"]}),
        ([("post[title]", "abc"), ("post[slug]", "abc")], {"base": ["title and slug are the same"]}),
        ([], {"title": ["can't be blank"]}),
        ([("post", "text")], {"title": ["can't be blank"]}),
    ],
)
def test_messages(pairs: list[tuple[str, str]], messages: dict[str, Any]) -> None:
    assert read(POST, form(*pairs)).errors.to_dict() == messages


def test_without_a_group_it_is_the_whole_form() -> None:
    assert read(typed(Submitted[PostIn]), form(("title", "Hello"), ("_csrf_token", "x"))).data == PostIn("Hello")
    assert read(typed(Submitted), form(("title", "Hello"))).data == {"title": "Hello"}


def test_content_that_is_no_form_is_refused() -> None:
    with pytest.raises(UnsupportedMediaType):
        read(POST, context(b"{}", "application/json"))
    assert "a GET request has none" in refused_signature(POST, method="GET").what
