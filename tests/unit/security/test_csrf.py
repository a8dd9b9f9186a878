"""spica.security.csrf: promise 40, Sec-Fetch-Site, then Origin, then token, over the whole matrix."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spica.security.csrf import Verdict, check_source, check_token, make_secret, mask_token, verify_token

HOST = "shop.example:8443"
TRUSTED = "https://admin.example"

FETCH_SITES = [None, "same-origin", "none", "same-site", "cross-site", "", "SAME-ORIGIN", "same-origin, none"]
OWN_ORIGINS = {
    "http": {f"http://{HOST}", f"https://{HOST}", f"https://{HOST.upper()}"},
    "https": {f"https://{HOST}", f"https://{HOST.upper()}"},
}
ORIGINS = [
    None,
    f"http://{HOST}",
    f"https://{HOST}",
    f"https://{HOST.upper()}",
    TRUSTED,
    f"{TRUSTED}:444",
    f"{TRUSTED}.evil.example",
    "http://admin.example",
    "https://evil.example",
    f"https://{HOST}.evil.example",
    f"https://evil.example?{HOST}",
    f"https://user@{HOST}",
    f"https://sub.{HOST}",
    "https://shop.example",
    "https://shop.example:84430",
    f"ftp://{HOST}",
    HOST,
    f"//{HOST}",
    "null",
    "",
    "https://",
]
SOURCES = list(itertools.product(("http", "https"), FETCH_SITES, ORIGINS))


def may_go_on(scheme: str, fetch_site: str | None, origin: str | None) -> bool:
    """The rule said differently: by listing what is allowed."""
    if origin == TRUSTED:
        return True
    if fetch_site is None:
        return origin is None or origin in OWN_ORIGINS[scheme]
    return fetch_site in {"same-origin", "none"}


@pytest.mark.parametrize(("scheme", "fetch_site", "origin"), SOURCES)
def test_source(scheme: str, fetch_site: str | None, origin: str | None) -> None:
    verdict = check_source(fetch_site, origin, scheme=scheme, host=HOST, trusted={TRUSTED})
    refusal = Verdict.FOREIGN_ORIGIN if fetch_site is None else Verdict.CROSS_SITE
    assert verdict is (Verdict.ALLOWED if may_go_on(scheme, fetch_site, origin) else refusal)


def test_without_a_host_no_origin_is_ours() -> None:
    assert check_source(None, "https://", scheme="https", host="") is Verdict.FOREIGN_ORIGIN


def test_a_token_is_valid_for_its_secret_alone() -> None:
    secret, other = make_secret(), make_secret()
    token = mask_token(secret)
    assert check_token(token, secret) is Verdict.ALLOWED
    assert check_token(token, other) is Verdict.TOKEN_INVALID
    assert check_token(token, None) is Verdict.TOKEN_INVALID
    assert check_token(None, secret) is Verdict.TOKEN_MISSING
    assert check_token("", secret) is Verdict.TOKEN_MISSING


def test_tokens_differ_on_every_page_and_none_shows_the_secret() -> None:
    secret = make_secret()
    tokens = {mask_token(secret) for _ in range(200)}
    assert len(tokens) == 200
    assert all(verify_token(token, secret) for token in tokens)
    assert not any(secret in token for token in tokens)


def test_no_character_of_a_token_can_be_changed() -> None:
    secret = make_secret()
    token = mask_token(secret)
    for position in range(len(token)):
        assert not verify_token(
            token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :], secret
        )


@given(st.text(max_size=120))
def test_any_other_text_is_no_token(text: str) -> None:
    assert check_token(text, make_secret()) is not Verdict.ALLOWED


@pytest.mark.parametrize("secret", ["", "AAAA", "!", "é"])
def test_a_broken_secret_accepts_nothing(secret: str) -> None:
    for token in ("", "AAAAAAAA", "A" * 86, mask_token(make_secret())):
        assert not verify_token(token, secret)


def test_the_secret_itself_is_no_token() -> None:
    secret = make_secret()
    assert not verify_token(secret, secret)
