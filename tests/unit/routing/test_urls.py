"""Path helpers: what they build and what they refuse."""

from __future__ import annotations

from enum import Enum, IntEnum

import pytest

from spica.routing.errors import MissingBaseUrlError, PathArgumentsError, UnknownPathError
from spica.routing.pattern import Constraints, parse_pattern
from spica.routing.urls import CurrentPaths, PathHelper, Paths, to_param


def helper(pattern: str, name: str = "thing", base: str = "") -> PathHelper:
    return PathHelper(name, parse_pattern(pattern), base)


class Post:
    id = 7


class Article:
    id = 7

    def to_param(self) -> str:
        return "7-hello"


class Size(Enum):
    SMALL = 3

    @property
    def id(self) -> int:
        return 4


class Level(IntEnum):
    LOW = 1


@pytest.mark.parametrize(
    ("pattern", "values", "named", "expected"),
    [
        ("/", (), {}, "/"),
        ("/posts", (), {}, "/posts"),
        ("/posts/{id}", (7,), {}, "/posts/7"),
        ("/posts/{id}", (), {"id": 7}, "/posts/7"),
        ("/posts/{id}/edit", (Post(),), {}, "/posts/7/edit"),
        ("/posts/{id}", (Article(),), {}, "/posts/7-hello"),
        ("/users/{user_id}/posts/{id}", (1,), {"id": 2}, "/users/1/posts/2"),
        ("/users/{user_id}/posts/{id}", (2,), {"user_id": 1}, "/users/1/posts/2"),
        ("/tags/{name}", ("a/b c?d#e%é",), {}, "/tags/a%2Fb%20c%3Fd%23e%25%C3%A9"),
        ("/files/{rest:path}", ("css/a b.css",), {}, "/files/css/a%20b.css"),
        (
            "/posts",
            (),
            {"page": 2, "q": "a b&c", "tag": ["x", "y"], "none": None, "on": True},
            "/posts?page=2&q=a+b%26c&tag=x&tag=y&on=true",
        ),
        ("/übersicht", (), {}, "/%C3%BCbersicht"),
    ],
)
def test_builds_the_path(pattern: str, values: tuple[object, ...], named: dict[str, object], expected: str) -> None:
    assert helper(pattern)(*values, **named) == expected


@pytest.mark.parametrize(
    ("pattern", "values", "what"),
    [
        ("/posts/{id}", (), "misses 'id'"),
        ("/posts/{id}", (1, 2), "got 2 values"),
        ("/posts", (None,), "got 1 values"),
        ("/posts/{id}", ("",), "can't stand in a path"),
        ("/posts/{id}", ("..",), "can't stand in a path"),
        ("/posts/{id:int}", ("x",), "can't stand in a path"),
        ("/posts/{id:int}", ("٣",), "can't stand in a path"),
        ("/files/{rest:path}", ("../../etc/passwd",), "can't stand in a path"),
    ],
)
def test_refuses_values_that_do_not_make_a_path(pattern: str, values: tuple[object, ...], what: str) -> None:
    with pytest.raises(PathArgumentsError) as caught:
        helper(pattern)(*values)
    assert what in str(caught.value)
    assert "call it as thing(" in caught.value.fix


@pytest.mark.parametrize("pattern", ["/a%20b/{id:int}", "/a%20b/{id}", "/a%20b/{id:slug}"])
def test_numbers_go_the_short_way_to_the_same_path(pattern: str) -> None:
    path = helper(pattern, base="https://100%25.example")
    for value in (0, 7, 10**18 - 1, 10**18, 10**19, -1, True, 7.0, "7", None, Post(), Article(), Size.SMALL, Level.LOW):
        answers = []
        for one in (path, path.build):
            try:
                answers.append(one(value))
            except PathArgumentsError as error:
                answers.append(str(error))
        assert answers[0] == answers[1], value


@pytest.mark.parametrize(
    ("pattern", "demands"), [("/{id:uuid}", {}), ("/{id:int}", {"id": "[0-9]{3}"}), ("/{id}", {"id": ["a", "b"]})]
)
def test_numbers_are_checked_where_not_every_number_matches(pattern: str, demands: Constraints) -> None:
    with pytest.raises(PathArgumentsError):
        PathHelper("thing", parse_pattern(pattern, demands=demands))(7)


def test_absolute_helpers_have_the_address_in_front() -> None:
    urls = Paths([helper("/posts/{id}", "post")]).absolute("https://example.com/")
    assert urls.post(7) == "https://example.com/posts/7"


def test_absolute_helpers_without_an_address_say_what_to_set() -> None:
    with pytest.raises(MissingBaseUrlError) as caught:
        Paths([helper("/posts/{id}", "post")]).absolute("").post(7)
    assert "config/app.toml" in caught.value.fix


def test_an_unknown_helper_names_its_neighbours() -> None:
    paths = Paths([helper("/posts", "posts"), helper("/posts/{id}", "post")])
    with pytest.raises(UnknownPathError) as caught:
        _ = paths.pots
    assert "posts" in caught.value.fix
    assert not hasattr(paths, "pots")
    assert sorted(dir(paths)) == ["post", "posts"]


def test_current_paths_follow_the_compiled_application() -> None:
    current = CurrentPaths("paths")
    with pytest.raises(AttributeError):
        _ = current.post
    current._use(Paths([helper("/a", "post")]))
    assert current.post() == "/a"
    current._use(Paths([helper("/b", "other")]))
    assert current.other() == "/b"
    with pytest.raises(UnknownPathError):
        _ = current.post


def test_to_param_prefers_the_objects_own_word() -> None:
    assert to_param(Article()) == "7-hello"
    assert to_param(Post()) == "7"
    assert to_param(False) == "false"
