"""spica.http.url: percent coding, query strings, nested names."""

from __future__ import annotations

import contextlib
import time
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spica.errors.http import BadRequest
from spica.http.url import MAX_DEPTH, MAX_PAIRS, Query, encode_location, nest, parse_pairs, quote, split_name

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", []),
        ("a=1", [("a", "1")]),
        ("a=1&a=2", [("a", "1"), ("a", "2")]),
        ("a", [("a", "")]),
        ("=1", [("", "1")]),
        ("&&a=1&&", [("a", "1")]),
        ("a=b=c", [("a", "b=c")]),
        ("a=1+2", [("a", "1 2")]),
        ("a=%31%2b", [("a", "1+")]),
        ("a=%zz%", [("a", "%zz%")]),
        ("a=%ff", [("a", "\ufffd")]),
        ("caf%C3%A9=%E2%82%AC", [("café", "€")]),
        ("a=1;b=2", [("a", "1;b=2")]),
        ("a%00b=%0d%0a", [("a\0b", "\r\n")]),
    ],
)
def test_pairs(text: str, pairs: list[tuple[str, str]]) -> None:
    assert parse_pairs(text) == pairs


@given(st.lists(st.tuples(TEXT, TEXT), max_size=20))
def test_pairs_reverse_urlencode(pairs: list[tuple[str, str]]) -> None:
    assert parse_pairs(urlencode(pairs)) == pairs


@given(st.text(max_size=300))
def test_any_text_parses(text: str) -> None:
    assert all(isinstance(name, str) and isinstance(value, str) for name, value in parse_pairs(text))


def test_the_pair_limit_is_exact() -> None:
    assert len(parse_pairs("&".join(["a=1"] * MAX_PAIRS))) == MAX_PAIRS
    with pytest.raises(BadRequest, match="more than 1000 parameters"):
        parse_pairs("&".join(["a=1"] * (MAX_PAIRS + 1)))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a", ["a"]),
        ("a[b]", ["a", "b"]),
        ("a[b][c]", ["a", "b", "c"]),
        ("a[]", ["a", ""]),
        ("a[][b]", ["a", "", "b"]),
        ("a[b", ["a[b"]),
        ("a]b[", ["a]b["]),
        ("[a]", ["[a]"]),
        ("a[b]c", ["a[b]c"]),
        ("a[[b]]", ["a[[b]]"]),
        ("a[b]]", ["a[b]]"]),
        ("", [""]),
        ("a[0]", ["a", "0"]),
    ],
)
def test_names_split_at_well_formed_brackets(name: str, path: list[str]) -> None:
    assert split_name(name) == path


def test_the_depth_limit_is_exact() -> None:
    assert len(split_name("a" + "[b]" * MAX_DEPTH)) == MAX_DEPTH + 1
    with pytest.raises(BadRequest, match="32 levels"):
        split_name("a" + "[b]" * (MAX_DEPTH + 1))


@pytest.mark.parametrize(
    ("text", "nested"),
    [
        ("a=1&a=2", {"a": "2"}),
        ("post[title]=Hi&post[body]=there", {"post": {"title": "Hi", "body": "there"}}),
        ("post[tags][]=a&post[tags][]=b", {"post": {"tags": ["a", "b"]}}),
        ("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        ("x[][a]=1&x[][b]=2&x[][a]=3", {"x": [{"a": "1", "b": "2"}, {"a": "3"}]}),
        ("x[][y][z]=1&x[][y][w]=2&x[][y][z]=3", {"x": [{"y": {"z": "1", "w": "2"}}, {"y": {"z": "3"}}]}),
        ("x[][t][]=1&x[][t][]=2", {"x": [{"t": ["1", "2"]}]}),
        ("m[][]=1&m[][]=2", {"m": [["1"], ["2"]]}),
        ("lines[0][sku]=A&lines[1][sku]=B", {"lines": {"0": {"sku": "A"}, "1": {"sku": "B"}}}),
        ("a[b]=1&a[b]=2", {"a": {"b": "2"}}),
        ("a[b=1", {"a[b": "1"}),
        ("", {}),
    ],
)
def test_nesting(text: str, nested: dict[str, Any]) -> None:
    assert nest(parse_pairs(text)) == nested


@pytest.mark.parametrize(
    "text", ["a=1&a[b]=2", "a[b]=1&a=2", "a[]=1&a[b]=2", "a[b]=1&a[]=2", "a[b]=1&a[b][c]=2", "a[b][]=1&a[b]=2"]
)
def test_contradicting_names_are_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="contradicts"):
        nest(parse_pairs(text))


PATHS = st.lists(
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=3), min_size=1, max_size=5
)


@given(st.lists(PATHS, max_size=12))
def test_nested_groups_hold_each_value_under_its_path(paths: list[list[str]]) -> None:
    pairs = [(path[0] + "".join(f"[{key}]" for key in path[1:]), str(index)) for index, path in enumerate(paths)]
    try:
        nested: Any = nest(pairs)
    except BadRequest:
        return
    for index, path in enumerate(paths):
        if path in paths[index + 1 :]:
            continue  # a later value took its place
        value = nested
        for key in path:
            value = value[key]
        assert value == str(index)


@given(st.lists(st.tuples(st.text(st.sampled_from("ab[]"), max_size=12), st.just("v")), max_size=30))
def test_no_name_breaks_nesting(pairs: list[tuple[str, str]]) -> None:
    with contextlib.suppress(BadRequest):
        assert isinstance(nest(pairs), dict)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "a=" + "%" * n,
        lambda n: "a=" + "%C3" * (n // 3),
        lambda n: "a" + "[" * n + "=1",
        lambda n: "a[" + "]" * n + "=1",
        lambda n: "+" * n,
    ],
)
def test_hostile_input_takes_linear_time(make: Any) -> None:
    def seconds(size: int) -> float:
        text = make(size)
        start = time.thread_time()
        with contextlib.suppress(BadRequest):
            nest(parse_pairs(text))
        return time.thread_time() - start

    small = min(seconds(20_000) for _ in range(5))
    large = min(seconds(200_000) for _ in range(3))
    assert large < small * 40 + 0.01  # ten times the input; quadratic would be a hundred times


def test_query_is_a_mapping_of_last_values() -> None:
    query = Query("tag=a&tag=b&q=x&post[id]=7")
    assert query["tag"] == "b"
    assert query.get_all("tag") == ["a", "b"]
    assert query.get_all("none") == []
    assert query.get("none") is None
    assert list(query) == ["tag", "q", "post[id]"]
    assert len(query) == 3
    assert query.nested()["post"] == {"id": "7"}


@given(TEXT)
def test_quote_is_undone_by_parsing(text: str) -> None:
    assert parse_pairs(f"a={quote(text)}") == [("a", text)]
    assert parse_pairs(f"a={quote_plus(text)}") == [("a", text)]


def test_locations_keep_what_is_already_a_url() -> None:
    assert encode_location("/a%20b?c=d&e=[1]#f") == "/a%20b?c=d&e=[1]#f"
    assert encode_location('/grün "x" <y>') == "/gr%C3%BCn%20%22x%22%20%3Cy%3E"
    assert encode_location("/\ud800").isascii()
