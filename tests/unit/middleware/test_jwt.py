"""Jwt: RFC 7519 and RFC 8725, and the tricks that tokens are known for."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from spica import middleware as m
from spica.errors.http import Forbidden, ServiceUnavailable, Unauthorized
from spica.http.context import Context
from spica.middleware import jwks
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.jwt import current_claims
from spica.middleware.pipeline import is_async
from tests.requests import make_context, make_request

SECRET = "a secret of thirty-two bytes or more"
RSA = RSAKey.generate_key(2048, parameters={"kid": "rsa"})
EC = ECKey.generate_key("P-256", parameters={"kid": "ec"})


def claims(**more: Any) -> dict[str, Any]:
    """Claims of a token; `exp` and `nbf` in seconds from now."""
    now = int(time.time())
    made = {"sub": "7", "exp": 60, **more}
    times = {name: now + made[name] for name in ("exp", "nbf") if isinstance(made.get(name), int)}
    return {name: value for name, value in {**made, **times}.items() if value is not None}


def token(alg: str = "HS256", key: Any = None, header: dict[str, Any] | None = None, **more: Any) -> str:
    return jwt.encode(
        {"alg": alg, **(header or {})}, claims(**more), key or OctKey.import_key(SECRET), algorithms=[alg]
    )


def request(sent: str) -> Context:
    return make_context(make_request(fields={"authorization": f"Bearer {sent}"}))


def hs(**options: Any) -> m.Jwt:
    return m.Jwt(SECRET, algorithms=["HS256"], **options)


def refused(middleware: m.Jwt, sent: str) -> bool:
    try:
        middleware.before(request(sent))
    except Unauthorized as error:
        return 'error="invalid_token"' in dict(error.fields)["www-authenticate"]
    return False


def encode(part: Any) -> str:
    return urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def test_the_claims_become_the_user() -> None:
    ctx = request(token())
    hs().before(ctx)
    assert ctx.current_user["sub"] == "7"
    assert current_claims(ctx) is ctx.current_user


def test_a_user_is_made_of_the_claims() -> None:
    ctx = request(token())
    m.Jwt(SECRET, algorithms=["HS256"], user=lambda claims: int(claims["sub"])).before(ctx)
    assert ctx.current_user == 7
    assert refused(m.Jwt(SECRET, algorithms=["HS256"], user=lambda claims: None), token())


@pytest.mark.parametrize(
    ("options", "given", "is_refused"),
    [
        ({}, {"exp": -60}, True),
        ({}, {"exp": -10}, False),  # within the leeway
        ({"leeway_s": 0}, {"exp": -10}, True),
        ({}, {"exp": None}, True),
        ({"require": []}, {"exp": None}, False),
        ({}, {"exp": "tomorrow"}, True),
        ({}, {"nbf": 600}, True),
        ({"issuer": "https://id.example"}, {"iss": "https://id.example"}, False),
        ({"issuer": "https://id.example"}, {"iss": "https://id.example.evil"}, True),
        ({"issuer": "https://id.example"}, {}, True),
        ({"audience": "api"}, {"aud": "api"}, False),
        ({"audience": "api"}, {"aud": ["web", "api"]}, False),
        ({"audience": "api"}, {"aud": ["web"]}, True),
        ({"audience": "api"}, {}, True),
        ({"require": ["exp", "jti"]}, {}, True),
    ],
)
def test_rfc_7519_section_4_1_claims(options: dict[str, Any], given: dict[str, Any], is_refused: bool) -> None:
    assert refused(hs(**options), token(**given)) is is_refused


FORGERIES: dict[str, Callable[[], str]] = {
    "none": lambda: f"{encode({'alg': 'none'})}.{encode(claims())}.",
    "None": lambda: f"{encode({'alg': 'None'})}.{encode(claims())}.",
    "no signature": lambda: f"{encode({'alg': 'HS256'})}.{encode(claims())}.",
    "another signature": lambda: f"{encode({'alg': 'HS256'})}.{encode(claims())}.AAAA",
    "another secret": lambda: token(key=OctKey.import_key("another secret, as long as the other")),
    "another algorithm": lambda: token(alg="HS512"),
    "three letters": lambda: "a.b.c",
    "one part": lambda: "abc",
    "dots": lambda: "...",
    "lists": lambda: f"{encode([])}.{encode([])}.AAAA",
    "cut": lambda: token()[:-2],
    "longer": lambda: token() + ".AAAA",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_rfc_8725_a_token_that_is_not_ours(forgery: str) -> None:
    assert refused(hs(), FORGERIES[forgery]())


def test_rfc_8725_section_2_1_a_public_key_is_no_secret() -> None:
    public = RSA.as_pem(private=False)
    one = m.Jwt(public, algorithms=["RS256"])
    assert not refused(one, token("RS256", RSA))
    forged = jwt.encode({"alg": "HS256"}, claims(), OctKey.import_key(public.replace(b"-----BEGIN", b"x")))
    assert refused(one, forged)
    with pytest.raises(InvalidMiddleware, match="PEM as its secret"):
        m.Jwt(public, algorithms=["HS256"])


def test_keys_as_jwk_and_as_a_set() -> None:
    keys = KeySet([RSA, EC]).as_dict(private=False)
    assert not refused(m.Jwt(EC.as_dict(private=False), algorithms=["ES256"]), token("ES256", EC))
    one = m.Jwt(keys, algorithms=["ES256"])
    assert not refused(one, token("ES256", EC, {"kid": "ec"}))
    assert refused(one, token("ES256", EC, {"kid": "rsa"}))
    assert refused(one, token("RS256", RSA, {"kid": "rsa"}))


def test_a_scope_that_is_missing_is_403() -> None:
    one = hs(scopes=["posts:write"])
    assert not refused(one, token(scope="posts:read posts:write"))
    with pytest.raises(Forbidden) as caught:
        one.before(request(token(scope="posts:read")))
    assert 'error="insufficient_scope", scope="posts:write"' in dict(caught.value.fields)["www-authenticate"]


@pytest.mark.parametrize(
    ("key", "algorithms", "options", "words"),
    [
        ("short", ["HS256"], {}, "32 random bytes"),
        (SECRET, ["none"], {}, "can be made by anybody"),
        (SECRET, ["HS265"], {}, "did you mean HS256"),
        (SECRET, ["HS256", "RS256"], {}, "of one family"),
        (SECRET, [], {}, "of one family"),
        (SECRET, ["HS256"], {"issuers": "x"}, "did you mean issuer"),
        (SECRET, ["HS256"], {"jwks_url": "https://id.example/jwks"}, "either a key or a jwks_url"),
        (None, ["RS256"], {}, "either a key or a jwks_url"),
        (None, ["RS256"], {"jwks_url": "http://id.example/jwks"}, "use an https address"),
        ("no key", ["RS256"], {}, "can't be read"),
    ],
)
def test_mistakes_are_told_at_boot(key: Any, algorithms: list[str], options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidMiddleware) as caught:
        m.Jwt(key, algorithms=algorithms, **options)
    assert words in str(caught.value)


class TestJwks:
    """Keys at an address; nothing is fetched, `_download` is replaced."""

    @pytest.fixture
    def published(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        state: dict[str, Any] = {"keys": [RSA], "asked": 0, "now": 1_000.0}

        def download(url: str) -> bytes:
            state["asked"] += 1
            if state["keys"] is None:
                raise OSError("no answer")
            return json.dumps(KeySet(state["keys"]).as_dict(private=False)).encode()

        monkeypatch.setattr(jwks, "_download", download)
        monkeypatch.setattr(jwks.time, "monotonic", lambda: state["now"])
        return state

    async def test_keys_are_fetched_once_and_again_for_one_that_is_new(self, published: dict[str, Any]) -> None:
        one = m.Jwt(jwks_url="https://id.example/jwks", algorithms=["RS256"])
        assert is_async(one.before)
        for _ in range(3):
            await one.before(request(token("RS256", RSA, {"kid": "rsa"})))
        assert published["asked"] == 1
        new = RSAKey.generate_key(2048, parameters={"kid": "new"})
        published["keys"] = [RSA, new]
        for _ in range(5):
            with pytest.raises(Unauthorized):
                await one.before(request(token("RS256", new, {"kid": "new"})))
        assert published["asked"] == 1  # not within the minute
        published["now"] += 61
        await one.before(request(token("RS256", new, {"kid": "new"})))
        assert published["asked"] == 2

    async def test_while_keys_can_not_be_had_the_old_ones_count(self, published: dict[str, Any]) -> None:
        one = m.Jwt(jwks_url="https://id.example/jwks", algorithms=["RS256"])
        published["keys"] = None
        with pytest.raises(ServiceUnavailable):
            await one.before(request(token("RS256", RSA, {"kid": "rsa"})))
        published["keys"], published["now"] = [RSA], 1_100.0
        await one.before(request(token("RS256", RSA, {"kid": "rsa"})))
        published["keys"], published["now"] = None, 9_000.0
        await one.before(request(token("RS256", RSA, {"kid": "rsa"})))
        assert published["asked"] == 3


@pytest.mark.parametrize("key", [{"kty": "oct", "k": "YQ"}, {"keys": [{"kty": "oct", "k": "YQ"}]}])
def test_a_short_secret_is_refused_as_a_jwk_as_well(key: dict[str, Any]) -> None:
    with pytest.raises(InvalidMiddleware, match="the secret of Jwt has 1 bytes"):
        m.Jwt(key, algorithms=["HS256"])


def test_a_set_without_a_key_for_the_algorithms_is_refused() -> None:
    keys = {"keys": [OctKey.generate_key(256).as_dict()]}
    with pytest.raises(InvalidMiddleware, match="is of the type oct, not RSA"):
        m.Jwt(keys, algorithms=["RS256"])


@pytest.mark.parametrize("scope", [5, {"read": True}])
def test_scopes_of_another_form_allow_nothing(scope: object) -> None:
    with pytest.raises(Forbidden):
        hs(scopes=["read"]).before(request(token(scope=scope)))
