"""spica.security.base64url: one text for each octets."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spica.security.base64url import decode, encode


@given(st.binary(max_size=100))
def test_octets_come_back(octets: bytes) -> None:
    assert encode(octets) == base64.urlsafe_b64encode(octets).decode().rstrip("=")
    assert decode(encode(octets)) == octets


@pytest.mark.parametrize(
    "text", ["A", "AAAAA", "AA=", "AA==", "AB", "A+", "A/AA", "A A", "AA\n", "é", "AAA.", "\ud800"]
)
def test_any_other_text_is_refused(text: str) -> None:
    assert decode(text) is None


@given(st.text(max_size=40))
def test_what_decodes_is_what_encode_writes(text: str) -> None:
    octets = decode(text)
    assert octets is None or encode(octets) == text
