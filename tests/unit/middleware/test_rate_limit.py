"""RateLimit: who is counted together, what is answered, and what an attacker with many keys can't do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spica import middleware as m
from spica._core import Request as NativeRequest
from spica.errors.http import TooManyRequests
from spica.http.context import Context
from spica.http.request import Request
from spica.http.response import Response
from spica.middleware import rate
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.pipeline import compose, is_async
from spica.middleware.rate import Rate, Taken, parse_rate
from spica.middleware.rate_limit import build_address_key
from spica.middleware.rate_limit_stores.shared import SharedStore


def visit(
    *middleware: m.Middleware, ip: str = "192.0.2.1", status: int = 200, user: Any = None, **fields: str
) -> Response:
    sent = [("host", "shop.example"), *((name.replace("_", "-"), value) for name, value in fields.items())]
    ctx = Context(Request(NativeRequest.build("GET", "/", sent, client=(ip, 1234))))
    ctx.current_user = user

    def refuse(ctx: Context, error: Exception) -> Response:
        assert isinstance(error, TooManyRequests)
        return Response(b"", error.status, error.fields)

    response: Response = compose(middleware, lambda ctx: Response.text("x", status=status), on_error=refuse)(ctx)
    return ctx.finish(response)


def limit(text: str = "2/minute", **options: Any) -> m.RateLimit:
    return m.RateLimit(text, store=SharedStore(sets=8), **options)


def test_beyond_the_limit_there_is_429_and_the_fields_say_when() -> None:
    one = limit()
    first, second, third = (visit(one) for _ in range(3))
    assert [response.status for response in (first, second, third)] == [200, 200, 429]
    assert first.header("ratelimit-policy") == '"default";q=2;w=60'
    assert first.header("ratelimit") == '"default";r=1;t=30'
    assert second.header("ratelimit") == '"default";r=0;t=60'
    assert third.header("retry-after") == "30"
    assert third.header("ratelimit") == '"default";r=0;t=60'


def test_a_plain_chain_stays_plain() -> None:
    assert not is_async(compose([limit(), limit(by="token")], lambda ctx: Response()))


def test_clients_are_counted_apart() -> None:
    one = limit("1/minute")
    assert visit(one, ip="192.0.2.1").status == 200
    assert visit(one, ip="192.0.2.2").status == 200
    assert visit(one, ip="192.0.2.1").status == 429


def test_two_limits_tell_both() -> None:
    response = visit(limit("2/second", name="burst"), limit("9/hour", name="hour"))
    assert [value for name, value in response.fields if name == "ratelimit"] == ['"burst";r=1;t=1', '"hour";r=8;t=400']


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("nonsense:", "nonsense:2", False),
    ],
)
def test_an_ipv6_client_is_its_64(one: str, other: str, same: bool) -> None:
    assert (build_address_key(one) == build_address_key(other)) is same


def test_by_token_and_by_address_where_there_is_none() -> None:
    one = limit("1/minute", by="token")
    assert visit(one, user="a", authorization="Bearer a").status == 200
    assert visit(one, user="a", authorization="Bearer a").status == 429
    assert visit(one, user="b", authorization="Bearer b").status == 200
    assert visit(one).status == 200
    assert visit(one).status == 429


@pytest.mark.parametrize("written", ["bearer a", "BEARER a", "Bearer   a", "bEaReR  a "])
def test_a_token_is_one_however_its_field_is_written(written: str) -> None:
    one = limit("1/minute", by="token")
    assert visit(one, user="a", authorization="Bearer a").status == 200
    assert visit(one, user="a", authorization=written).status == 429
    assert visit(one, user="A", authorization="Bearer A").status == 200


def test_tokens_can_be_tried_no_faster_than_the_limit() -> None:
    one = limit("3/minute", by="token")
    statuses = [visit(one, status=401, authorization=f"Bearer guess{n}").status for n in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    assert visit(one, ip="192.0.2.9", authorization="Bearer guess0").status == 200


def test_made_up_tokens_that_nobody_checks_are_one_client() -> None:
    one = limit("3/minute", by="token")
    statuses = [visit(one, authorization=f"Bearer made-up{n}").status for n in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert visit(one, ip="192.0.2.9", authorization="Bearer made-up0").status == 200


def test_made_up_tokens_cost_what_others_do() -> None:
    one = limit("10/minute", by="token", cost=5)
    statuses = [visit(one, authorization=f"Bearer made-up{n}").status for n in range(3)]
    assert statuses == [200, 200, 429]


def test_by_user_by_field_and_by_function() -> None:
    class User:
        id = 7

    by_user, by_field = limit("1/minute", by="user"), limit("1/minute", by="header:X-Api-Key")
    by_function = limit("1/minute", by=lambda ctx: ctx.request.native.field("x-tenant"))
    assert [visit(by_user, ip=ip, user=User()).status for ip in ("192.0.2.1", "192.0.2.2")] == [200, 429]
    assert [visit(by_user, user={"sub": sub}).status for sub in ("a", "b", "a")] == [200, 200, 429]
    assert [visit(by_field, x_api_key=key).status for key in ("a", "b", "a")] == [200, 200, 429]
    assert [visit(by_function, x_tenant=key).status for key in ("a", "b", "a")] == [200, 200, 429]


def test_a_key_can_not_pretend_to_be_an_address() -> None:
    one = limit("1/minute", by="header:x-api-key")
    assert visit(one, ip="192.0.2.1").status == 200
    assert visit(one, ip="192.0.2.2", x_api_key="192.0.2.1").status == 200


def test_what_a_request_costs() -> None:
    one = limit("10/minute", cost=lambda ctx: 6)
    assert [visit(one).status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"by": "tokens"}, "did you mean 'token'"),
        ({"by": "header:"}, "can't tell clients apart"),
        ({"name": 'a"b'}, "can't be called"),
        ({"store": "memcached"}, "no store 'memcached'"),
        ({"store": "http://x"}, "not the address of a Redis"),
        ({"burst": 0}, "lets nothing through"),
    ],
)
def test_mistakes_are_told_at_boot(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidMiddleware) as caught:
        m.RateLimit("1/minute", **options)
    assert words in str(caught.value)


async def test_a_store_that_fails_lets_requests_pass_or_not() -> None:
    class Broken:
        waits = True

        def open(self) -> None: ...

        async def take(self, key: bytes, rate: Rate, cost: int) -> Taken:
            raise ConnectionError

    ctx = Context(Request(NativeRequest.build("GET", "/", [], client=("192.0.2.1", 1))))
    assert await m.RateLimit("1/minute", store=Broken()).before(ctx) is None
    with pytest.raises(ConnectionError):
        await m.RateLimit("1/minute", store=Broken(), fail_open=False).before(ctx)


class TestSharedStore:
    """The memory that workers share."""

    def test_two_that_map_the_same_file_count_together(self, tmp_path: Path) -> None:
        one, other = SharedStore(tmp_path / "limits", sets=4), SharedStore(tmp_path / "limits", sets=4)
        allowed = [store.take(b"k", parse_rate("3/hour"), 1).is_allowed for store in (one, other, one, other)]
        assert allowed == [True, True, True, False]

    def test_a_file_of_something_else_is_emptied(self, tmp_path: Path) -> None:
        (tmp_path / "limits").write_bytes(b"\xff" * 10_000)
        assert SharedStore(tmp_path / "limits", sets=4).take(b"k", parse_rate("1/hour"), 1).is_allowed

    def test_a_link_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "victim").write_text("precious")
        (tmp_path / "limits").symlink_to(tmp_path / "victim")
        with pytest.raises(OSError):
            SharedStore(tmp_path / "limits").open()
        assert (tmp_path / "victim").read_text() == "precious"

    def test_any_number_of_keys_takes_as_much_memory_as_one(self, tmp_path: Path) -> None:
        path = tmp_path / "limits"
        store = SharedStore(path, sets=64)
        store.open()
        size = path.stat().st_size
        rate = parse_rate("5/hour")
        for number in range(20_000):
            store.take(str(number).encode(), rate, 1)
        assert path.stat().st_size == size == 64 + 64 * 128

    def test_the_bucket_nearest_to_full_gives_way(self, monkeypatch: pytest.MonkeyPatch) -> None:
        store, rate_ = SharedStore(sets=1), parse_rate("8/hour")
        for _ in range(8):
            store.take(b"heavy", rate_, 1)
        for number in range(100):
            store.take(str(number).encode(), rate_, 1)
        assert not store.take(b"heavy", rate_, 1).is_allowed

    def test_the_number_of_sets_is_a_power_of_two(self) -> None:
        with pytest.raises(ValueError, match="power of two"):
            SharedStore(sets=3)


def test_times_are_whole_seconds_rounded_up() -> None:
    _, taken = rate.take(parse_rate("1000/second"), 0, 10**18, 1)
    assert taken.full_in_s == 1
