"""The names of a resource."""

from __future__ import annotations

import pytest

from spica.generators.errors import BadName
from spica.generators.names import ResourceNames


@pytest.mark.parametrize("word", ["BlogPost", "blog_post", "blog_posts", "BlogPosts", "blog-post"])
def test_every_way_of_writing_it_gives_the_same_names(word: str) -> None:
    names = ResourceNames.parse(word)
    assert (names.singular, names.plural) == ("blog_post", "blog_posts")
    assert (names.model, names.controller) == ("BlogPost", "BlogPostsController")
    assert (names.title, names.titles, names.words) == ("Blog post", "Blog posts", "blog post")


def test_a_noun_without_a_plural_has_another_name_for_several() -> None:
    names = ResourceNames.parse("News")
    assert (names.plural, names.collection) == ("news", "all_news")


@pytest.mark.parametrize(
    "word", ["", "9lives", "Post!", "caf\u00e9", "_post", "Admin::Post", "class", "None", "Model", "Text"]
)
def test_what_can_be_no_class_is_refused(word: str) -> None:
    with pytest.raises(BadName):
        ResourceNames.parse(word)
