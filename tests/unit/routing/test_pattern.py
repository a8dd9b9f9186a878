"""Path patterns: what is read and what is refused."""

from __future__ import annotations

import pytest

from spica.routing.errors import InvalidPatternError
from spica.routing.pattern import join_patterns, parse_pattern


def test_reads_text_and_parameters_in_order() -> None:
    pattern = parse_pattern("/users/{user_id:int}/posts/{slug}")
    assert pattern.names == ("user_id", "slug")
    assert [parameter.type for parameter in pattern.parameters] == ["int", "str"]
    assert pattern.shape == "/users/{:int}/posts/{:str}"


def test_text_is_canonical() -> None:
    assert parse_pattern("/files/{*rest}").text == "/files/{rest:path}"
    assert parse_pattern("/a/{b:str}").text == "/a/{b}"


def test_shape_ignores_names() -> None:
    assert parse_pattern("/a/{b}").shape == parse_pattern("/a/{c}").shape
    assert parse_pattern("/a/{b}").shape != parse_pattern("/a/{b:int}").shape


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("posts", "doesn't start with a slash"),
        ("/posts/{id", "can't be read"),
        ("/posts/{}", "can't be read"),
        ("/{id}{format}", "can't be read"),
        ("/posts/<int:id>", "<int:id> in the pattern '/posts/<int:id>' is no parameter"),
        ("/posts/<id>/edit", "<id> in the pattern"),
        ("/posts/{id:itn}", "unknown parameter type 'itn'"),
        ("/a/{x}/b/{x}", "uses the name 'x' twice"),
        ("/a/{rest:path}/b", "something follows {rest:path}"),
    ],
)
def test_refuses_what_it_cannot_read(text: str, what: str) -> None:
    with pytest.raises(InvalidPatternError) as caught:
        parse_pattern(text, "config/routes.py:3")
    assert what in caught.value.what
    assert caught.value.where == "config/routes.py:3"
    assert caught.value.fix


def test_an_unknown_type_names_the_near_one() -> None:
    with pytest.raises(InvalidPatternError) as caught:
        parse_pattern("/posts/{id:itn}")
    assert caught.value.fix == "write {id:int}"


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("/posts/<int:id>", "write {id:int}"),
        ("/posts/<str:slug>", "write {slug}"),
        ("/posts/<string:slug>", "write {slug}"),
        ("/posts/:id/edit", "write {id}; for the text itself {id} with where={'id': [':id']}"),
        ("/files/*path", "write {*path}; for the text itself {path} with where={'path': ['*path']}"),
        ("/posts/{int:id}", "write {id:int}: the name stands first"),
        ("/posts/{id:[0-9]+}", "write {id}, and say what it must match beside it: where={'id': r'[0-9]+'}"),
    ],
)
def test_what_other_frameworks_write_is_translated(text: str, fix: str) -> None:
    with pytest.raises(InvalidPatternError) as caught:
        parse_pattern(text)
    assert caught.value.fix == fix


@pytest.mark.parametrize("text", ["/v1/things:batch", "/a*b", "/*", "/12:30"])
def test_text_may_have_colons_and_stars(text: str) -> None:
    assert parse_pattern(text).names == ()
    assert parse_pattern(text).text == text


@pytest.mark.parametrize(
    ("prefix", "pattern", "joined"),
    [
        ("", "/", "/"),
        ("/admin", "/", "/admin"),
        ("/admin/", "orders", "/admin/orders"),
        ("api/v1", "/users", "/api/v1/users"),
        ("", "/users/", "/users/"),
    ],
)
def test_joins_prefix_and_pattern(prefix: str, pattern: str, joined: str) -> None:
    assert join_patterns(prefix, pattern) == joined


@pytest.mark.parametrize(("text", "fix"), [("/a/<b>", "write {b}"), ("/a/<int:b>", "write {b:int}")])
def test_a_parameter_as_others_write_it_is_told_in_our_way(text: str, fix: str) -> None:
    with pytest.raises(InvalidPatternError) as caught:
        parse_pattern(text)
    assert caught.value.fix == fix


def test_the_text_of_a_foreign_parameter_is_a_choice() -> None:
    pattern = parse_pattern("/v1/{batch}", demands={"batch": [":batch"]})
    assert pattern.parameters[0].converter.choices == (":batch",)
