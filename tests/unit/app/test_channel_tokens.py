"""The token that a client of channels sends beside the address."""

from __future__ import annotations

import base64

import pytest

from spica.app.channels import TOKEN_PREFIX, find_token


def test_a_token_is_read_whatever_alphabet_and_padding_it_has() -> None:
    for encoded in (base64.b64encode(b"a~?>secret\xc3\xa9"), base64.urlsafe_b64encode(b"a~?>secret\xc3\xa9")):
        for text in (encoded.decode(), encoded.decode().rstrip("=")):
            assert find_token(["phoenix", TOKEN_PREFIX + text]) == "a~?>secreté"


@pytest.mark.parametrize("text", ["é", "a", "====", "/w==", "a b", "\x00"])
def test_what_is_no_token_is_none(text: str) -> None:
    assert find_token(["phoenix", TOKEN_PREFIX + text]) is None
