"""Several messages as one."""

from __future__ import annotations

import pytest

from spica.pubsub.broker import BATCH
from spica.pubsub.brokers.frames import join, split


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [b"1"],
        [b""],
        [b"", b"", b"x"],
        [b"1:2", b"3:", b":"],
        [bytes(range(256)), b"x" * 100_000, b"y"],
        [b"%d" % number for number in range(500)],
    ],
)
@pytest.mark.parametrize("length", [1, 100, 1_000_000])
def test_what_is_put_together_is_taken_apart(messages: list[bytes], length: int) -> None:
    frames = list(join(messages, length))
    assert [message for frame in frames for message in split(frame)] == messages


def test_frames_are_bounded_by_octets_and_messages() -> None:
    frames = list(join([b"x" * 40] * 300, 1_000))
    assert all(len(frame) <= 1_000 for frame in frames)
    assert len(frames) == 14
    assert [len(split(frame)) for frame in join([b"x"] * (BATCH + 1), 1_000_000)] == [BATCH, 1]


def test_a_message_that_is_longer_goes_alone() -> None:
    frames = list(join([b"a", b"x" * 2_000, b"b"], 1_000))
    assert list(map(split, frames)) == [[b"a"], [b"x" * 2_000], [b"b"]]


def test_a_frame_of_text_is_text() -> None:
    assert list(join([b'{"a": 1}', "ü".encode()], 100)) == ['8:{"a": 1}2:ü'.encode()]


@pytest.mark.parametrize(
    "frame", [b"x", b"5:four", b"-1:x", b":x", b"1:ab", b"1x:a", b" 1:a", b"00000000001:a", b"PING", b"1:a5:b"]
)
def test_what_is_no_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(ValueError):
        split(frame)
