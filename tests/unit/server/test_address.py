"""Addresses to listen on: their forms, and a sentence for what has none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spica.server.address import Address, parse_address
from spica.server.errors import AddressError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8000", Address("tcp", host="127.0.0.1", port=8000)),
        ("localhost:0", Address("tcp", host="localhost", port=0)),
        ("[::]:65535", Address("tcp", host="::", port=65535)),
        ("unix:/run/app.sock", Address("unix", path="/run/app.sock")),
        ("unix:tmp/app.sock", Address("unix", path="tmp/app.sock")),
        ("fd:3", Address("fd", descriptor=3)),
    ],
)
def test_forms(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("8000", "say which address: 127.0.0.1:8000, or 0.0.0.0:8000 for all"),
        (":8000", "say which address: 127.0.0.1:8000, or 0.0.0.0:8000 for all"),
        ("/run/app.sock", "a path is written unix:/run/app.sock"),
        ("::1:8000", "write one of these forms"),
        ("localhost", "write one of these forms"),
        ("localhost:http", "write one of these forms"),
        ("localhost:٣", "write one of these forms"),
        ("", "write one of these forms"),
        ("unix:", "write it as unix:/run/app.sock"),
        ("fd:", "write it as fd:3"),
        ("fd:-1", "write it as fd:3"),
    ],
)
def test_what_is_no_address_is_told_with_the_fix(text: str, fix: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(text)
    assert caught.value.fix == fix


def test_a_number_that_is_no_port() -> None:
    with pytest.raises(AddressError, match="65536 is no port"):
        parse_address("localhost:65536")


@given(st.text(max_size=30))
def test_every_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = parse_address(text)
    except AddressError:
        return
    assert parse_address(str(address)) == address
