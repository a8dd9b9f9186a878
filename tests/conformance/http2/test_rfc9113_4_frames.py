"""RFC 9113 section 4: frames, their size, and the compression of fields."""

from __future__ import annotations

from tests.conformance.http2.connection import (
    ACK,
    COMPRESSION_ERROR,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    FRAME_SIZE_ERROR,
    HEADERS,
    PING,
    PRIORITY,
    PROTOCOL_ERROR,
    RST_STREAM,
    SETTINGS,
    Connection,
    frame,
    head,
)


def test_4_1_an_unknown_type_is_ignored(client: Connection) -> None:
    client.send(frame(0x16, 0, 0, bytes(8)))
    client.lives()


def test_4_1_undefined_flags_are_ignored(client: Connection) -> None:
    client.send(frame(PING, 0x16, 0, b"opaque!!"))
    assert client.until(PING, flags=ACK).payload == b"opaque!!"


def test_4_1_the_reserved_bit_is_ignored(client: Connection) -> None:
    client.send(frame(PING, 0, 0x8000_0000, b"opaque!!"))
    assert client.until(PING, flags=ACK).payload == b"opaque!!"


def test_4_2_a_data_frame_of_the_largest_size(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(DATA, END_STREAM, 1, bytes(16_384)))
    client.answers()


def test_4_2_a_data_frame_one_too_large(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(DATA, END_STREAM, 1, bytes(16_385)))
    client.resets(1, FRAME_SIZE_ERROR)


def test_4_2_a_headers_frame_too_large_ends_the_connection(client: Connection) -> None:
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, head("GET", "/", ("x", "y" * 16_384))))
    client.fails(FRAME_SIZE_ERROR)


def test_4_2_a_settings_frame_too_large_ends_the_connection(client: Connection) -> None:
    client.send(frame(SETTINGS, 0, 0, bytes(6 * 2731)))
    client.fails(FRAME_SIZE_ERROR)


def test_4_2_an_unknown_frame_too_large(client: Connection) -> None:
    client.send(frame(0x16, 0, 0, bytes(16_385)))
    client.fails(FRAME_SIZE_ERROR)


def test_4_3_an_invalid_block_ends_the_connection(client: Connection) -> None:
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x40"))
    client.fails(COMPRESSION_ERROR)


def test_4_3_an_invalid_block_for_a_reset_stream_ends_the_connection(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(
        frame(RST_STREAM, 0, 1, bytes(4)), frame(HEADERS, END_HEADERS | END_STREAM, 3, b"\xff\xff\xff\xff\xff\x0f")
    )
    client.fails(COMPRESSION_ERROR)


def test_4_3_a_block_interrupted_by_another_frame(client: Connection) -> None:
    client.send(frame(HEADERS, END_STREAM, 1, head()), frame(PRIORITY, 0, 1, bytes((0, 0, 0, 0, 15))))
    client.fails(PROTOCOL_ERROR)


def test_4_3_a_block_interrupted_by_an_unknown_frame(client: Connection) -> None:
    client.send(frame(HEADERS, END_STREAM, 1, head()), frame(0x16, 0, 1, bytes(4)))
    client.fails(PROTOCOL_ERROR)


def test_4_3_a_block_interrupted_by_another_stream(client: Connection) -> None:
    client.send(frame(HEADERS, END_STREAM, 1, head()), frame(HEADERS, END_HEADERS | END_STREAM, 3, head()))
    client.fails(PROTOCOL_ERROR)


def test_4_3_a_block_continued_on_another_stream(client: Connection) -> None:
    client.send(frame(HEADERS, END_STREAM, 1, head()), frame(CONTINUATION, END_HEADERS, 3, b""))
    client.fails(PROTOCOL_ERROR)
