"""spica.http.params: promise 42, no mass assignment."""

from __future__ import annotations

from typing import Any

import pytest

from spica.errors.http import BadRequest
from spica.http.errors import UnpermittedParams
from spica.http.params import Params, Permitted
from spica.http.uploads import UploadFile

SENT: dict[str, Any] = {
    "id": "7",
    "post": {
        "title": "Hi",
        "admin": "1",
        "tags": ["a", "b"],
        "author": {"name": "Ann", "role": "root", "links": ["x"]},
        "lines": [{"sku": "A", "price": "0"}, {"sku": "B", "price": "0"}],
        "settings": {"theme": "dark", "n": {"m": "1"}},
        "count": 3,
        "flag": None,
    },
}


def post() -> Params:
    return Params(SENT).require("post")


def test_only_what_is_named_passes() -> None:
    permitted = post().permit("title", "count", "flag", "missing", tags=[])
    assert permitted == {"title": "Hi", "count": 3, "flag": None, "tags": ["a", "b"]}
    assert isinstance(permitted, Permitted)
    assert permitted.permitted is True
    assert Params.permitted is False


@pytest.mark.parametrize("name", ["tags", "author", "lines", "settings"])
def test_a_group_or_list_is_no_value(name: str) -> None:
    assert post().permit(name) == {}


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ({"title": []}, {}),
        ({"author": []}, {}),
        ({"lines": []}, {}),
        ({"tags": ["name"]}, {}),
        ({"title": {}}, {}),
        ({"author": ["name"]}, {"author": {"name": "Ann"}}),
        ({"author": {"name": None, "links": []}}, {"author": {"name": "Ann", "links": ["x"]}}),
        ({"author": ["name", {"links": []}]}, {"author": {"name": "Ann", "links": ["x"]}}),
        ({"lines": ["sku"]}, {"lines": [{"sku": "A"}, {"sku": "B"}]}),
        ({"settings": {}}, {"settings": {"theme": "dark", "n": {"m": "1"}}}),
        ({"settings": ["theme"]}, {"settings": {"theme": "dark"}}),
    ],
)
def test_shapes(shapes: dict[str, Any], expected: dict[str, Any]) -> None:
    assert post().permit(**shapes) == expected


def test_an_upload_is_a_value() -> None:
    upload = UploadFile("a.png", b"x")
    assert Params({"image": upload}).permit("image") == {"image": upload}


@pytest.mark.parametrize(
    ("value", "state"), [({}, "is missing"), ("text", "is not a group"), (["a"], "is not a group")]
)
def test_require_refuses_what_is_no_group(value: Any, state: str) -> None:
    with pytest.raises(BadRequest, match=state):
        Params({"post": value}).require("post")
    with pytest.raises(BadRequest, match="'post' is missing"):
        Params({}).require("post")


def test_expect_insists() -> None:
    assert Params(SENT).expect("id", post=["title"]) == {"id": "7", "post": {"title": "Hi"}}
    with pytest.raises(BadRequest, match="'page' is missing"):
        Params(SENT).expect("id", "page")
    with pytest.raises(BadRequest, match="'post' has the wrong shape"):
        Params(SENT).expect("post")
    with pytest.raises(BadRequest, match="'id' has the wrong shape"):
        Params(SENT).expect(id=["name"])


def test_raw_params_become_neither_keyword_arguments_nor_a_dict() -> None:
    def model(**values: Any) -> dict[str, Any]:
        return values

    for unpack in (lambda: model(**Params(SENT)), lambda: dict(Params(SENT)), lambda: {**Params(SENT)}):  # type: ignore[arg-type, call-overload, dict-item]
        with pytest.raises(UnpermittedParams, match="can't be unpacked"):
            unpack()


def test_reading() -> None:
    params = Params(SENT)
    assert params["id"] == "7"
    assert params["post"]["author"]["name"] == "Ann"
    assert isinstance(params["post"]["lines"][0], Params)
    assert params.get("none", "x") == "x"
    assert "id" in params
    assert list(params) == ["id", "post"]
    assert len(params) == 2
    assert dict(params.items())["post"] == Params(SENT["post"])
    assert params.to_unsafe_dict() == SENT
    assert params != SENT
    with pytest.raises(KeyError):
        params["none"]
