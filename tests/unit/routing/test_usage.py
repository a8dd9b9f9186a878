"""Uses of path helpers, judged without running them: as what a call would raise."""

from __future__ import annotations

from typing import Any

import pytest

from spica.routing import Routes
from spica.routing.errors import PathArgumentsError, UnknownPathError
from spica.routing.table import RouteTable
from spica.routing.urls import Paths
from spica.routing.usage import find_mistake


def draw() -> Paths:
    r = Routes()
    r.root("home#index")
    with r.resources("posts", format=["json"]):
        r.resources("comments", only=["show"])
    r.get("/files/{*path}", "files#show", name="file")
    r.get("/", "tenants#show", host="{tenant}.example.com", name="dashboard")
    r.direct("docs", lambda page, *, lang="en": f"https://docs.example/{lang}/{page}")
    return RouteTable(r.routes, directs=r.directs).paths


USES: list[tuple[str, tuple[str, ...], dict[str, str]]] = [
    ("post", ("7",), {}),
    ("post", (), {}),
    ("post", ("7", "8"), {}),
    ("post", ("7",), {"id": "8"}),
    ("post", (), {"id": "8", "page": "2"}),
    ("post", ("7",), {"format": "json"}),
    ("post_comment", ("7",), {"id": "8"}),
    ("post_comment", ("7",), {}),
    ("file", ("a/b",), {}),
    ("file", (), {}),
    ("root", (), {"page": "2"}),
    ("root", ("7",), {}),
    ("dashboard", (), {}),
    ("dashboard", (), {"tenant": "acme"}),
    ("dashboard", ("acme",), {}),
    ("docs", ("x",), {"lang": "de"}),
    ("docs", ("x", "y"), {}),
    ("docs", (), {}),
    ("psot", ("7",), {}),
]


@pytest.mark.parametrize("with_host", [False, True])
@pytest.mark.parametrize(("name", "values", "named"), USES)
def test_it_is_a_mistake_where_the_call_raises(
    name: str, values: tuple[str, ...], named: dict[str, str], with_host: bool
) -> None:
    paths = draw()
    found = find_mistake(paths, name, (len(values), named), with_host=with_host)
    raised: Any = None
    try:
        getattr(Paths.absolute(paths, "https://example.com") if with_host else paths, name)(*values, **named)
    except (PathArgumentsError, UnknownPathError, TypeError) as error:
        raised = error
    assert (found is None) == (raised is None), (found, raised)


def test_an_unknown_name_has_near_ones() -> None:
    mistake = find_mistake(draw(), "edit_psot", None, with_host=False)
    assert isinstance(mistake, UnknownPathError)
    assert mistake.fix == "did you mean edit_post?"


def test_every_missing_value_is_named() -> None:
    mistake = find_mistake(draw(), "post_comment", (0, ()), with_host=False)
    assert isinstance(mistake, PathArgumentsError)
    assert mistake.what == "the path helper post_comment misses 'post_id' and 'id'"


@pytest.mark.parametrize("name", ["for_request", "absolute", "all_helpers", "__class__", "_private"])
def test_what_is_no_helper_is_no_mistake(name: str) -> None:
    assert find_mistake(draw(), name, None, with_host=False) is None


def test_a_call_that_nobody_can_count_is_no_mistake() -> None:
    assert find_mistake(draw(), "post", None, with_host=False) is None
