"""Messages in parts."""

from __future__ import annotations

import pytest

from spica.pubsub.broker import MAX_MESSAGE_BYTES
from spica.pubsub.brokers.parts import HEAD, MAX_INCOMPLETE_BYTES, Assembler, Splitter

OWN = bytes(8)


def put_together(assembler: Assembler, parts: list[bytes]) -> list[bytes]:
    return [message for part in parts if (message := assembler.add(part)) is not None]


@pytest.mark.parametrize("length", [0, 1, 83, 84, 85, 168, 169, 10_000])
def test_what_is_cut_is_put_together_again(length: int) -> None:
    message = bytes(number % 256 for number in range(length))
    parts = list(Splitter().split(message, HEAD.size + 84))
    assert len(parts) == max(1, -(-length // 84))
    assert all(len(part) <= HEAD.size + 84 for part in parts)
    assert put_together(Assembler(OWN), parts) == [message]


def test_parts_of_several_senders_between_each_other() -> None:
    one, two = list(Splitter().split(b"1" * 500, 116)), list(Splitter().split(b"2" * 500, 116))
    mixed = [part for pair in zip(one, two, strict=True) for part in pair]
    assert put_together(Assembler(OWN), mixed) == [b"1" * 500, b"2" * 500]


@pytest.mark.parametrize("missing", range(5))
def test_a_message_with_a_gap_is_dropped_and_the_next_one_is_not(missing: int) -> None:
    splitter, assembler = Splitter(), Assembler(OWN)
    parts = list(splitter.split(b"1" * 500, 116))
    del parts[missing]
    assert put_together(assembler, parts) == []
    assert put_together(assembler, list(splitter.split(b"2" * 500, 116))) == [b"2" * 500]


def test_a_part_that_comes_twice_or_too_early_drops_the_message() -> None:
    parts = list(Splitter().split(b"1" * 500, 116))
    assert put_together(Assembler(OWN), [parts[0], parts[1], parts[1], *parts[2:]]) == []
    assert put_together(Assembler(OWN), [parts[0], parts[2], parts[1], *parts[3:]]) == []


def test_own_parts_are_left_out() -> None:
    splitter = Splitter()
    assembler = Assembler(splitter.sender)
    assert put_together(assembler, [*splitter.split(b"x", 100), *splitter.split(b"x" * 500, 100)]) == []


@pytest.mark.parametrize("part", [b"", b"x", bytes(HEAD.size - 1), HEAD.pack(b"12345678", 0, 0, 0) + b"x"])
def test_what_is_no_part_is_dropped(part: bytes) -> None:
    assert Assembler(OWN).add(part) is None


def test_the_number_of_a_part_is_below_how_many_there_are() -> None:
    assert Assembler(OWN).add(HEAD.pack(b"12345678", 0, 2, 2) + b"x") is None


def test_what_is_incomplete_is_bounded() -> None:
    """A sender that never ends a message, and many that began one: the oldest are dropped."""
    assembler = Assembler(OWN)
    for index in range(5_000):
        assembler.add(HEAD.pack(b"endless.", 0, index, 60_000) + bytes(1_000))
        assert assembler.waiting_bytes <= MAX_MESSAGE_BYTES + 2_000_000
    first = [HEAD.pack(b"sender00", 0, index, 2) + b"x" * 500_000 for index in range(2)]
    assembler.add(first[0])
    for sender in range(100):
        assembler.add(HEAD.pack(b"sender%02d" % (sender % 90 + 1), 0, 0, 2) + b"x" * 500_000)
        assert assembler.waiting_bytes <= MAX_INCOMPLETE_BYTES
    assert assembler.add(first[1]) is None, "the oldest was kept"
    last = b"sender10"
    assert assembler.add(HEAD.pack(last, 0, 1, 2) + b"end") == b"x" * 500_000 + b"end"


def test_numbers_of_messages_begin_again() -> None:
    splitter, assembler = Splitter(2**32 - 2), Assembler(OWN)
    for text in (b"1", b"2", b"3"):
        assert put_together(assembler, list(splitter.split(text * 500, 116))) == [text * 500]
