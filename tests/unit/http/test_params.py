"""spica.http.params: promise 42, no mass assignment."""

from __future__ import annotations

from typing import Any

import pytest

from spica.errors.http import BadRequest, UnsupportedMediaType
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
    assert Params(SENT).expect("id") == "7"
    assert Params(SENT).expect(post=["title"]) == {"title": "Hi"}
    ident, post = Params(SENT).expect("id", post=["title", {"lines": [["sku"]]}])
    assert (ident, post) == ("7", {"title": "Hi", "lines": [{"sku": "A"}, {"sku": "B"}]})
    assert isinstance(post, Permitted)
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


NUMBERED: dict[str, Any] = {
    "post": {"lines": {"10": {"sku": "B"}, "2": {"sku": "A", "admin": "1"}}, "tags": {"0": "x"}}
}


def test_numbered_groups_are_a_list_in_the_order_of_their_numbers() -> None:
    post = Params(NUMBERED).require("post")
    assert post.permit(lines=["sku"]) == {"lines": [{"sku": "A"}, {"sku": "B"}]}
    assert post.permit(lines=[["sku"]], tags=[]) == {"lines": [{"sku": "A"}, {"sku": "B"}], "tags": ["x"]}
    assert Params(NUMBERED).expect(post=[{"lines": [["sku"]]}]) == {"lines": [{"sku": "A"}, {"sku": "B"}]}


def test_expect_takes_a_list_of_groups_only_where_it_says_so() -> None:
    sent = Params({"lines": [{"sku": "A"}], "one": {"sku": "A"}, "none": {"admin": "1"}})
    assert sent.expect(lines=[["sku"]]) == [{"sku": "A"}]
    assert sent.expect(one=["sku"]) == {"sku": "A"}
    for shapes, state in (
        ({"lines": ["sku"]}, "'lines' has the wrong shape"),
        ({"one": [["sku"]]}, "'one' has the wrong shape"),
        ({"none": ["sku"]}, "'none' has none of its parameters"),
    ):
        with pytest.raises(BadRequest, match=state):
            sent.expect(**shapes)


def test_what_is_missing_in_content_of_another_type_is_415() -> None:
    params = Params({"id": "7"}, unread="text/xml")
    assert params.expect("id") == "7"
    for ask in (lambda: params.require("post"), lambda: params.expect(post=["title"]), lambda: params.expect("title")):
        with pytest.raises(UnsupportedMediaType, match="not from text/xml") as caught:
            ask()
        assert dict(caught.value.fields)["accept"].startswith("application/json, ")


@pytest.mark.parametrize("key", ["__class__", "__proto__", "constructor", "__init__", "permitted", "_values", "keys"])
def test_names_of_the_machinery_are_only_names(key: str) -> None:
    params = Params({key: {"permitted": "1", "__class__": "x"}})
    assert params.permitted is False
    assert type(params) is Params
    assert params.require(key).permit("__class__") == {"__class__": "x"}
    assert params.permit("title", other=[]) == {}
