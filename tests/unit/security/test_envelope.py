"""spica.security.envelope: sealed and signed messages, tampered with in every way."""

from __future__ import annotations

import string
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spica.security.envelope import Sealer, Signer
from spica.security.keys import KeyRing

OLD = "the old secret key 0123456789 abcdef"
NEW = "the new secret key 0123456789 abcdef"

SEALER = Sealer(KeyRing([NEW]).derive("test"))
SIGNER = Signer(KeyRing([NEW]).derive("test"))

Close = Callable[..., str]
Open = Callable[..., bytes | None]
KINDS: list[tuple[Close, Open]] = [(SEALER.seal, SEALER.open), (SIGNER.sign, SIGNER.verify)]
BOTH = pytest.mark.parametrize(("close", "reopen"), KINDS, ids=["sealed", "signed"])


@BOTH
@given(message=st.binary(max_size=200), context=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_message_comes_back(close: Close, reopen: Open, message: bytes, context: str) -> None:
    text = close(message, context)
    assert reopen(text, context) == message
    assert set(text) <= set(string.ascii_letters + string.digits + "-_.")


@BOTH
@pytest.mark.parametrize("message", [b"", b"a", b"ab", b"abc"])  # every remainder of base64
def test_no_character_can_be_changed(close: Close, reopen: Open, message: bytes) -> None:
    text = close(message, "name")
    for position in range(len(text)):
        for other in "AQgwz019-_.=+/ é\n":
            if text[position] != other:
                assert reopen(text[:position] + other + text[position + 1 :], "name") is None


@BOTH
def test_no_character_can_be_added_or_taken(close: Close, reopen: Open) -> None:
    text = close(b"message", "name")
    for position in range(len(text)):
        assert reopen(text[:position] + text[position + 1 :], "name") is None
        for extra in "A.= ":
            assert reopen(text[:position] + extra + text[position:], "name") is None
    for suffix in ("A", "=", "==", ".", "\n"):
        assert reopen(text + suffix, "name") is None


@BOTH
@given(text=st.text(max_size=80))
def test_any_other_text_opens_nothing(close: Close, reopen: Open, text: str) -> None:
    kid = SEALER.seal(b"", "").split(".")[1]
    for candidate in (text, f"v1.{text}", f"v1.{kid}.{text}"):
        assert reopen(candidate, "name") is None


@BOTH
def test_a_message_is_bound_to_its_context(close: Close, reopen: Open) -> None:
    text = close(b"message", "name")
    for context in ("", "nam", "name2", "Name", "e"):
        assert reopen(text, context) is None


def test_one_kind_is_not_the_other_and_one_purpose_not_another() -> None:
    elsewhere = KeyRing([NEW]).derive("other")
    assert SIGNER.verify(SEALER.seal(b"m", "n"), "n") is None
    assert SEALER.open(SIGNER.sign(b"m", "n"), "n") is None
    assert Sealer(elsewhere).open(SEALER.seal(b"m", "n"), "n") is None
    assert Signer(elsewhere).verify(SIGNER.sign(b"m", "n"), "n") is None


@BOTH
def test_the_expiry_is_inside(close: Close, reopen: Open) -> None:
    text = close(b"message", "name", expires_at=1_000)
    assert reopen(text, "name", now=999) == b"message"
    assert reopen(text, "name", now=1_000) is None
    assert reopen(text, "name") is None
    assert reopen(close(b"message", "name", expires_at=time.time() + 60), "name") == b"message"
    assert reopen(close(b"message", "name"), "name", now=2**40) == b"message"


@pytest.mark.parametrize(
    "make",
    [lambda keys: (Sealer(keys).seal, Sealer(keys).open), lambda keys: (Signer(keys).sign, Signer(keys).verify)],
    ids=["sealed", "signed"],
)
def test_rotation(make: Callable[..., tuple[Close, Open]]) -> None:
    only_old, both, only_new = (make(KeyRing(secrets).derive("test")) for secrets in ([OLD], [NEW, OLD], [NEW]))
    before = only_old[0](b"message", "name")
    assert both[1](before, "name") == b"message"
    assert only_new[1](before, "name") is None
    assert only_new[1](both[0](b"message", "name"), "name") == b"message"


def test_the_same_message_is_never_sealed_the_same() -> None:
    assert len({SEALER.seal(b"message", "name") for _ in range(100)}) == 100


def test_a_sealed_message_is_hidden_and_a_signed_one_readable() -> None:
    readable = "bWVzc2Fn"  # base64 of "messag", at a position where its letters aren't split
    assert readable not in SEALER.seal(b"aamessage", "name")
    assert readable in SIGNER.sign(b"aamessage", "name")
