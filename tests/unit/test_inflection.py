"""Words: plural and singular undo each other, and names are written in every way that is needed."""

from __future__ import annotations

import pytest

from spica import inflection
from spica.inflection import IRREGULAR, SINGULAR_IN_E, SINGULAR_IN_F, SINGULAR_IN_S, UNCOUNTABLE

REGULAR = {
    "post": "posts",
    "category": "categories",
    "day": "days",
    "address": "addresses",
    "box": "boxes",
    "batch": "batches",
    "dish": "dishes",
    "house": "houses",
    "database": "databases",
    "response": "responses",
    "license": "licenses",
    "analysis": "analyses",
    "crisis": "crises",
    "status": "statuses",
    "menu": "menus",
    "taxi": "taxis",
    "prize": "prizes",
    "waltz": "waltzes",
    "party": "parties",
    "movie": "movies",
    "cache": "caches",
    "curve": "curves",
    "photo": "photos",
    "blog_post": "blog_posts",
    "sales_person": "sales_people",
}


@pytest.mark.parametrize(("one", "many"), [*REGULAR.items(), *IRREGULAR.items()])
def test_plural_and_singular_undo_each_other(one: str, many: str) -> None:
    assert inflection.plural(one) == many
    assert inflection.singular(many) == one


@pytest.mark.parametrize(
    "word", sorted([*REGULAR, *IRREGULAR, *UNCOUNTABLE, *SINGULAR_IN_S, *SINGULAR_IN_F, *SINGULAR_IN_E])
)
def test_a_word_already_in_the_form_is_left_alone(word: str) -> None:
    many = inflection.plural(word)
    assert inflection.singular(word) == word
    assert inflection.plural(many) == many
    assert inflection.singular(many) == word


@pytest.mark.parametrize(
    ("name", "snake", "camel"),
    [
        ("Post", "post", "Post"),
        ("BlogPost", "blog_post", "BlogPost"),
        ("blog-post", "blog_post", "BlogPost"),
        ("HTTPLog", "http_log", "HttpLog"),
        ("OAuth2Token", "o_auth2_token", "OAuth2Token"),
        ("AddSlugToPosts", "add_slug_to_posts", "AddSlugToPosts"),
    ],
)
def test_names_are_written_in_each_style(name: str, snake: str, camel: str) -> None:
    assert inflection.snake(name) == snake
    assert inflection.camel(snake) == camel


def test_titles_are_for_people() -> None:
    assert inflection.title("published_on") == "Published on"


@pytest.mark.parametrize(
    ("word", "article"), [("post", "a"), ("article", "an"), ("user", "a"), ("unicorn", "a"), ("uncle", "an")]
)
def test_articles_follow_the_sound(word: str, article: str) -> None:
    assert inflection.article(word) == article
