"""Bearer, Basic and ApiKey: who is let in, and what the others are told."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from spica import middleware as m
from spica.errors.http import HttpError, Unauthorized
from spica.http.context import Context
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.pipeline import is_async
from tests.requests import make_context, make_request

KEY = "a key of enough characters"


def request(**fields: str) -> Context:
    return make_context(make_request(fields={name.replace("_", "-"): value for name, value in fields.items()}))


def basic(text: str | bytes) -> Context:
    octets = text.encode() if isinstance(text, str) else text
    return request(authorization=f"Basic {b64encode(octets).decode()}")


def refusal(middleware: m.Middleware, ctx: Context, kind: type[HttpError] = Unauthorized) -> str:
    with pytest.raises(kind) as caught:
        middleware.before(ctx)
    return dict(caught.value.fields)["www-authenticate"]


def verify_token(token: str) -> dict[str, str] | None:
    return {"name": "Ann"} if token == "good" else None


class TestBearer:
    """RFC 6750."""

    @pytest.mark.parametrize("field", ["Bearer good", "bearer good", "BEARER  good "])
    def test_a_token_that_is_right_makes_the_user(self, field: str) -> None:
        ctx = request(authorization=field)
        assert m.Bearer(verify_token).before(ctx) is None
        assert ctx.current_user == {"name": "Ann"}

    def test_section_3_challenges(self) -> None:
        one = m.Bearer(verify_token, realm="shop")
        assert refusal(one, request()) == 'Bearer realm="shop"'
        assert refusal(one, request(authorization="Basic Z29vZA==")) == 'Bearer realm="shop"'
        assert refusal(one, request(authorization="Bearer bad")) == 'Bearer realm="shop", error="invalid_token"'
        for broken in ("Bearer", "Bearer ", "Bearer a b", 'Bearer "good"', "Bearer ="):
            challenge = refusal(one, request(authorization=broken))
            assert challenge == 'Bearer realm="shop", error="invalid_token"'

    async def test_an_awaitable_that_nobody_awaits_is_no_user(self) -> None:
        async def verify(token: str) -> None:
            return None

        for middleware in (m.Bearer(lambda token: verify(token)), m.Basic(lambda name, password: verify(name))):
            ctx = basic("Ann:x") if isinstance(middleware, m.Basic) else request(authorization="Bearer bad")
            with pytest.raises(InvalidMiddleware, match="nobody awaits"):
                middleware.before(ctx)
            assert ctx.current_user is None

    async def test_a_check_may_wait(self) -> None:
        async def verify(token: str) -> Any:
            return verify_token(token)

        one, ctx = m.Bearer(verify), request(authorization="Bearer good")
        assert is_async(one.before)
        await one.before(ctx)
        assert ctx.current_user == {"name": "Ann"}
        with pytest.raises(Unauthorized):
            await one.before(request())
        assert not is_async(m.Bearer(verify_token).before)

    def test_optional_lets_in_without_but_not_with_wrong_ones(self) -> None:
        one, ctx = m.Bearer(verify_token, optional=True), request()
        one.before(ctx)
        assert ctx.current_user is None
        assert "invalid_token" in refusal(one, request(authorization="Bearer bad"))

    @pytest.mark.parametrize("answer", [None, False])
    def test_none_and_false_refuse(self, answer: Any) -> None:
        assert refusal(m.Bearer(lambda token: answer), request(authorization="Bearer good"))

    def test_a_user_that_is_empty_is_a_user(self) -> None:
        ctx = request(authorization="Bearer good")
        m.Bearer(lambda token: {}).before(ctx)
        assert ctx.current_user == {}

    def test_mistakes_are_told_at_boot(self) -> None:
        with pytest.raises(InvalidMiddleware):
            m.Bearer("good")  # type: ignore[arg-type]
        with pytest.raises(InvalidMiddleware):
            m.Bearer(verify_token, realm='a"b')


class TestBasic:
    """RFC 7617."""

    def test_name_and_password(self) -> None:
        one, ctx = m.Basic({"änn": "pass:wörd"}), basic("änn:pass:wörd")
        one.before(ctx)
        assert ctx.current_user == "änn"

    @pytest.mark.parametrize(
        "sent", ["ann:bad", "eve:secret", "ann:", ":secret", "ann", "", "\0:\0", "eve:\0", b"\xff:x"]
    )
    def test_anything_else_is_refused_with_the_challenge(self, sent: str | bytes) -> None:
        assert refusal(m.Basic({"ann": "secret"}), basic(sent)) == 'Basic realm="restricted", charset="UTF-8"'

    @pytest.mark.parametrize("field", ["Basic", "Basic !!!", "Basic YW5uOnNlY3JldA", "Digest x"])
    def test_what_is_no_base64_is_refused(self, field: str) -> None:
        assert refusal(m.Basic({"ann": "secret"}), request(authorization=field))

    def test_a_function_may_check(self) -> None:
        ctx = basic("ann:secret")
        m.Basic(lambda name, password: (name, password)).before(ctx)
        assert ctx.current_user == ("ann", "secret")

    @pytest.mark.parametrize("passwords", [{}, {"ann": ""}])
    def test_no_password_is_a_mistake(self, passwords: dict[str, str]) -> None:
        with pytest.raises(InvalidMiddleware):
            m.Basic(passwords)


class TestApiKey:
    """Keys in a field."""

    def test_the_user_is_who_has_the_key(self) -> None:
        one, ctx = m.ApiKey({"search": "x" * 20, "billing": KEY}), request(x_api_key=KEY)
        one.before(ctx)
        assert ctx.current_user == "billing"
        for wrong in (KEY[:-1], KEY + "x", "", "é"):
            assert refusal(one, request(x_api_key=wrong)) == 'ApiKey header="x-api-key"'
        assert refusal(one, request())

    def test_another_field_and_a_function(self) -> None:
        ctx = request(x_token="abc")
        m.ApiKey(lambda key: key.upper(), field="X-Token").before(ctx)
        assert ctx.current_user == "ABC"

    @pytest.mark.parametrize(("keys", "field"), [({}, "x"), ({"a": "short"}, "x"), ({"a": KEY}, "x y")])
    def test_mistakes_are_told_at_boot(self, keys: dict[str, str], field: str) -> None:
        with pytest.raises(InvalidMiddleware):
            m.ApiKey(keys, field=field)
