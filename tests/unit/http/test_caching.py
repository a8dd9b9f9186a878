"""spica.http.caching, cache_control and validators: conditions, ETags, and who may keep what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from spica.http.cache_control import build_cache_control
from spica.http.context import Context
from spica.http.response import Response
from spica.http.validators import find_state
from spica.orm.page import Page
from tests.requests import make_context, make_request

THEN = datetime(2026, 11, 21, 9, 30, 0, 250_000, tzinfo=UTC)


@dataclass
class Post:
    id: int = 7
    updated_at: datetime = THEN


def asked(method: str = "GET", **fields: str) -> Context:
    return make_context(make_request(method, fields={name.replace("_", "-"): value for name, value in fields.items()}))


def etag_of(ctx: Context, source: Any = None, **options: Any) -> str:
    ctx.fresh_when(source, **options)
    return ctx.response.header("etag") or ""


def test_first_the_fields_then_a_304_with_them() -> None:
    first = asked()
    assert not first.fresh_when(Post())
    response = first.finish(Response.html("<h1>"))
    etag = response.header("etag") or ""
    assert etag.startswith('W/"')
    assert response.header("last-modified") == "Sat, 21 Nov 2026 09:30:00 GMT"
    assert response.header("cache-control") == "private, no-cache"
    again = asked(if_none_match=f'"other", {etag}')
    assert again.fresh_when(Post())
    assert again.answer is not None
    answer = again.finish(again.answer)
    assert (answer.status, answer.body) == (304, b"")
    for name in ("etag", "last-modified", "cache-control", "vary"):
        assert answer.header(name) == (response.header(name)), "RFC 9110 section 15.4.5"
    assert answer.header("content-type") is None


@pytest.mark.parametrize(
    ("method", "fields", "status"),
    [
        ("GET", {"if_none_match": "*"}, 304),
        ("GET", {"if_none_match": '"x"'}, None),
        ("GET", {"if_none_match": '"x"', "if_modified_since": "Sat, 21 Nov 2026 09:30:00 GMT"}, None),
        ("GET", {"if_modified_since": "Sat, 21 Nov 2026 09:30:00 GMT"}, 304),
        ("HEAD", {"if_modified_since": "Sat, 21 Nov 2026 10:30:00 GMT"}, 304),
        ("GET", {"if_modified_since": "Sat, 21 Nov 2026 09:29:59 GMT"}, None),
        ("GET", {"if_modified_since": "yesterday"}, None),
        ("PUT", {"if_modified_since": "Sat, 21 Nov 2026 09:30:00 GMT"}, None),
        ("PUT", {"if_match": "*"}, None),
        ("PUT", {"if_match": '"x"'}, 412),
        ("PUT", {"if_none_match": "*"}, 412),
        ("PUT", {"if_unmodified_since": "Sat, 21 Nov 2026 09:29:59 GMT"}, 412),
        ("GET", {"if_match": '"x"', "if_none_match": "*"}, 412),
    ],
)
def test_rfc9110_13_2_2_precedence(method: str, fields: dict[str, str], status: int | None) -> None:
    ctx = asked(method, **fields)
    assert ctx.fresh_when(Post()) is (status is not None)
    assert (ctx.answer.status if ctx.answer else None) == status
    assert asked(method, **fields).stale(Post()) is (status is None)


def test_strong_and_weak() -> None:
    strong = etag_of(asked(), Post(), strong=True)
    assert strong.startswith('"')
    assert asked("PUT", if_match=strong).fresh_when(Post(), strong=True) is False
    assert asked("PUT", if_match=f"W/{strong}").fresh_when(Post()) is True, "a weak one never matches If-Match"
    assert asked(if_none_match=strong).fresh_when(Post()) is True, "If-None-Match compares weakly"


def test_each_representation_has_its_own_etag() -> None:
    json, fragment, signed_in, other = (asked() for _ in range(4))
    json = asked(accept="application/json")
    fragment = asked(hx_request="true")
    signed_in.current_user, other.current_user = Post(1), Post(2)
    contexts = (asked(), json, fragment, signed_in, other, make_context(format="json"))
    assert len({etag_of(ctx, Post()) for ctx in contexts}) == 5, "the format of the route is as good as Accept"
    assert etag_of(asked(), Post()) == etag_of(asked(), Post())


def test_the_state_of_a_model_is_its_time_to_the_microsecond() -> None:
    states = [Post(), Post(updated_at=THEN + timedelta(microseconds=1)), Post(8)]
    assert len({etag_of(asked(), post) for post in states}) == 3
    assert find_state(Post(updated_at=THEN.replace(tzinfo=None))).changed_at == THEN


class Keyed:
    def __init__(self, key: Any) -> None:
        self.cache_key = key


def test_other_sources() -> None:
    assert find_state(Keyed("a")).key == find_state(Keyed(lambda: "a")).key == find_state("a").key
    assert find_state({"a": 1}) == find_state({"a": 1}) != find_state({"a": 2})
    assert find_state(b"\0") != find_state(b"\1")
    posts = [Post(1), Post(2, THEN + timedelta(hours=1))]
    assert find_state(posts).changed_at == THEN + timedelta(hours=1)
    assert find_state(posts).key != find_state(posts[1:]).key, "one that went away counts"
    assert find_state([*posts, {"a": 1}]).changed_at is None
    assert find_state([]).changed_at is None
    assert find_state(Page(posts, page=1, per=2, total=4)) != find_state(Page(posts, page=1, per=2, total=5))
    with pytest.raises(TypeError, match="await it first"):
        asked().fresh_when(_query())
    with pytest.raises(TypeError, match="needs a model"):
        asked().fresh_when()


class _query:
    def __await__(self) -> Any: ...


def test_parts_do_not_run_together() -> None:
    assert etag_of(asked(), "ab", etag="c") != etag_of(asked(), "a", etag="bc")
    assert etag_of(asked(), ["a", "b"]) != etag_of(asked(), ["a\n1 b"])


def test_a_date_alone() -> None:
    ctx = asked(if_modified_since="Sat, 21 Nov 2026 09:30:00 GMT")
    assert ctx.fresh_when(last_modified=THEN)
    assert ctx.response.header("etag") is None


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"max_age": 60}, "private, max-age=60"),
        ({"max_age": timedelta(hours=1), "public": True}, "public, max-age=3600"),
        (
            {"max_age": 60, "public": True, "shared": 600, "stale_while_revalidate": timedelta(minutes=5)},
            "public, max-age=60, s-maxage=600, stale-while-revalidate=300",
        ),
        (
            {"max_age": 1, "must_revalidate": True, "immutable": True, "stale_if_error": 9},
            "private, max-age=1, stale-if-error=9, must-revalidate, immutable",
        ),
    ],
)
def test_cache_control(arguments: dict[str, Any], field: str) -> None:
    ctx = make_context()
    assert build_cache_control(**arguments) == field
    ctx.expires_in(arguments.pop("max_age"), **arguments)
    assert ctx.finish(Response()).header("cache-control") == field


def test_what_can_not_be_said() -> None:
    for wrong in ({"max_age": -1}, {"max_age": 1, "shared": 1}, {"max_age": 1, "stale_if_error": -1}):
        with pytest.raises(ValueError, match=r"kept|shared"):
            build_cache_control(**wrong)  # type: ignore[arg-type]


def test_no_store() -> None:
    ctx = make_context()
    ctx.no_store()
    assert ctx.finish(Response()).header("cache-control") == "no-store"


def test_what_sets_a_cookie_is_private() -> None:
    for public in ("public, max-age=60, s-maxage=9", "PUBLIC,max-age=60", "max-age=60, s-maxage=1, private"):
        ctx = make_context()
        ctx.cookies["a"] = "1"
        response = ctx.finish(Response().with_header("cache-control", public))
        assert response.header("cache-control") == "private, max-age=60"
    ctx = make_context()
    ctx.cookies["a"] = "1"
    tagged = ctx.finish(Response().with_header("etag", '"x"'))
    assert tagged.header("cache-control") == "private, no-cache"
    by_itself = make_context()
    by_itself.expires_in(60, public=True)
    response = Response()
    response.set_cookie("a", "1")
    assert by_itself.finish(response).header("cache-control") == "private, max-age=60"


def test_expires_in_wins_over_the_default_of_fresh_when_in_either_order() -> None:
    one, other = make_context(), make_context()
    one.expires_in(5)
    one.fresh_when(Post())
    other.fresh_when(Post(), public=True)
    other.expires_in(5)
    assert one.response.header("cache-control") == other.response.header("cache-control") == "private, max-age=5"
