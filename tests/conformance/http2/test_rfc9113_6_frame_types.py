"""RFC 9113 section 6: each type of frame."""

from __future__ import annotations

import pytest

from tests.conformance.http2.connection import (
    ACK,
    CANCEL,
    CONTINUATION,
    DATA,
    ENABLE_PUSH,
    END_HEADERS,
    END_STREAM,
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    MAX_FRAME_SIZE,
    PADDED,
    PING,
    PRIORITY,
    PROTOCOL_ERROR,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    WITH_PRIORITY,
    Connection,
    block,
    frame,
    goaway,
    head,
    settings,
)

CANCELLED = CANCEL.to_bytes(4, "big")


def test_6_1_data(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(DATA, 0, 1, b"te"), frame(DATA, END_STREAM, 1, b"st"))
    assert client.answer().content == b"test"


def test_6_1_padded_data(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(DATA, END_STREAM | PADDED, 1, b"\x05test" + bytes(5)))
    assert client.answer().content == b"test"


def test_6_1_data_of_nothing_but_padding(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(DATA, PADDED, 1, b"\x05" + bytes(5)), frame(DATA, END_STREAM, 1, b"test"))
    assert client.answer().content == b"test"


def test_6_1_data_on_stream_0(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(DATA, END_STREAM, 0, b"test"))
    client.fails(PROTOCOL_ERROR)


def test_6_1_padding_as_long_as_the_frame(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(DATA, END_STREAM | PADDED, 1, b"\x05test"))
    client.fails(PROTOCOL_ERROR)


def test_6_1_padded_data_without_a_length(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(DATA, END_STREAM | PADDED, 1, b""))
    client.fails(PROTOCOL_ERROR, FRAME_SIZE_ERROR)


def test_6_2_headers(client: Connection) -> None:
    client.request()
    client.answers()


def test_6_2_padded_headers(client: Connection) -> None:
    client.send(frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\x05" + head() + bytes(5)))
    client.answers()


def test_6_2_headers_with_priority(client: Connection) -> None:
    client.send(frame(HEADERS, END_HEADERS | END_STREAM | WITH_PRIORITY, 1, bytes((0, 0, 0, 0, 15)) + head()))
    client.answers()


def test_6_2_headers_on_stream_0(client: Connection) -> None:
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 0, head()))
    client.fails(PROTOCOL_ERROR)


def test_6_2_padding_longer_than_the_frame(client: Connection) -> None:
    client.send(frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\xff" + head()))
    client.fails(PROTOCOL_ERROR)


def test_6_2_priority_cut_short(client: Connection) -> None:
    client.send(frame(HEADERS, END_HEADERS | END_STREAM | WITH_PRIORITY, 1, b"\0\0"))
    client.fails(FRAME_SIZE_ERROR, PROTOCOL_ERROR)


def test_6_3_priority(client: Connection) -> None:
    client.send(frame(PRIORITY, 0, 1, bytes((0, 0, 0, 0, 15))))
    client.request()
    client.answers()


def test_6_3_priority_on_stream_0(client: Connection) -> None:
    client.send(frame(PRIORITY, 0, 0, bytes((0, 0, 0, 0, 15))))
    client.fails(PROTOCOL_ERROR)


def test_6_3_priority_of_another_size(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(PRIORITY, 0, 1, bytes(4)))
    client.resets(1, FRAME_SIZE_ERROR)


def test_6_4_reset(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(RST_STREAM, 0, 1, CANCELLED))
    client.request(3)
    client.answers(3)


def test_6_4_reset_on_stream_0(client: Connection) -> None:
    client.send(frame(RST_STREAM, 0, 0, CANCELLED))
    client.fails(PROTOCOL_ERROR)


def test_6_4_reset_of_another_size(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(RST_STREAM, 0, 1, bytes(3)))
    client.fails(FRAME_SIZE_ERROR)


def test_6_5_acknowledgement_with_content(client: Connection) -> None:
    client.send(frame(SETTINGS, ACK, 0, b"\0"))
    client.fails(FRAME_SIZE_ERROR)


def test_6_5_settings_on_a_stream(client: Connection) -> None:
    client.send(frame(SETTINGS, 0, 1, bytes((0, 3, 0, 0, 0, 100))))
    client.fails(PROTOCOL_ERROR)


def test_6_5_settings_of_another_size(client: Connection) -> None:
    client.send(frame(SETTINGS, 0, 0, bytes((0, 3, 0))))
    client.fails(FRAME_SIZE_ERROR)


def test_6_5_2_push_neither_on_nor_off(client: Connection) -> None:
    client.send(settings((ENABLE_PUSH, 2)))
    client.fails(PROTOCOL_ERROR)


def test_6_5_2_window_too_large(client: Connection) -> None:
    client.send(settings((INITIAL_WINDOW_SIZE, 1 << 31)))
    client.fails(FLOW_CONTROL_ERROR)


@pytest.mark.parametrize("size", [0, 16_383, 16_777_216])
def test_6_5_2_frame_size_out_of_range(client: Connection, size: int) -> None:
    client.send(settings((MAX_FRAME_SIZE, size)))
    client.fails(PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [16_384, 16_777_215])
def test_6_5_2_frame_size_in_range(client: Connection, size: int) -> None:
    client.send(settings((MAX_FRAME_SIZE, size)))
    client.until(SETTINGS, flags=ACK)
    client.request()
    client.answers()


def test_6_5_3_of_repeated_settings_the_last_counts(client: Connection) -> None:
    client.send(settings((INITIAL_WINDOW_SIZE, 100), (INITIAL_WINDOW_SIZE, 1)))
    client.until(SETTINGS, flags=ACK)
    client.request()
    assert len(client.until(DATA).payload) == 1


def test_6_5_3_settings_are_acknowledged(client: Connection) -> None:
    client.send(settings((INITIAL_WINDOW_SIZE, 1)))
    client.until(SETTINGS, flags=ACK)


def test_6_6_a_client_cannot_push(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\2" + head()))
    client.fails(PROTOCOL_ERROR)


def test_6_7_ping(client: Connection) -> None:
    client.send(frame(PING, 0, 0, b"opaque!!"))
    assert client.until(PING, flags=ACK).payload == b"opaque!!"


def test_6_7_an_acknowledgement_is_not_answered(client: Connection) -> None:
    client.send(frame(PING, ACK, 0, b"invalid!"), frame(PING, 0, 0, b"opaque!!"))
    assert client.until(PING, flags=ACK).payload == b"opaque!!"


def test_6_7_ping_on_a_stream(client: Connection) -> None:
    client.send(frame(PING, 0, 1, bytes(8)))
    client.fails(PROTOCOL_ERROR)


def test_6_7_ping_of_another_size(client: Connection) -> None:
    client.send(frame(PING, 0, 0, bytes(6)))
    client.fails(FRAME_SIZE_ERROR)


def test_6_8_goaway_on_a_stream(client: Connection) -> None:
    client.send(goaway(stream=1))
    client.fails(PROTOCOL_ERROR)


def test_6_8_goaway_cut_short(client: Connection) -> None:
    client.send(frame(GOAWAY, 0, 0, bytes(7)))
    client.fails(FRAME_SIZE_ERROR)


@pytest.mark.parametrize("stream", [0, 1])
def test_6_9_window_update(client: Connection, stream: int) -> None:
    client.send(settings((INITIAL_WINDOW_SIZE, 0)))
    client.until(SETTINGS, flags=ACK)
    client.request()
    client.send(frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\1"), frame(WINDOW_UPDATE, 0, 1, b"\0\0\x10\0"))
    client.answers()


def test_6_9_an_increment_of_0_on_the_connection(client: Connection) -> None:
    client.send(frame(WINDOW_UPDATE, 0, 0, bytes(4)))
    client.fails(PROTOCOL_ERROR)


def test_6_9_an_increment_of_0_on_a_stream(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(WINDOW_UPDATE, 0, 1, bytes(4)))
    client.resets(1, PROTOCOL_ERROR)


def test_6_9_window_update_of_another_size(client: Connection) -> None:
    client.send(frame(WINDOW_UPDATE, 0, 0, bytes(3)))
    client.fails(FRAME_SIZE_ERROR)


def test_6_9_1_a_window_of_1_gets_one_octet(client: Connection) -> None:
    client.send(settings((INITIAL_WINDOW_SIZE, 1)))
    client.until(SETTINGS, flags=ACK)
    client.request()
    assert len(client.until(DATA).payload) == 1


def test_6_9_1_a_streams_window_may_not_overflow(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(WINDOW_UPDATE, 0, 1, b"\x7f\xff\xff\xff") * 2)
    client.resets(1, FLOW_CONTROL_ERROR)


def test_6_9_2_a_changed_window_counts_for_open_streams(client: Connection) -> None:
    client.send(settings((INITIAL_WINDOW_SIZE, 0)))
    client.until(SETTINGS, flags=ACK)
    client.request()
    client.send(settings((INITIAL_WINDOW_SIZE, 1)))
    assert len(client.until(DATA).payload) == 1


def test_6_9_2_a_window_below_zero(client: Connection) -> None:
    client.send(settings((INITIAL_WINDOW_SIZE, 3)))
    client.until(SETTINGS, flags=ACK)
    client.request()
    assert len(client.until(DATA).payload) == 3
    client.send(settings((INITIAL_WINDOW_SIZE, 2)), frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\2"))
    assert len(client.until(DATA).payload) == 1


def test_6_9_2_a_changed_window_may_not_overflow_a_streams(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(WINDOW_UPDATE, 0, 1, b"\x7f\xff\0\0"), settings((INITIAL_WINDOW_SIZE, 0x7FFF_FFFF)))
    client.fails(FLOW_CONTROL_ERROR)


def test_6_10_continuation(client: Connection) -> None:
    client.send(frame(HEADERS, END_STREAM, 1, head()), frame(CONTINUATION, END_HEADERS, 1, block(("x", "y"))))
    client.answers()


def test_6_10_several_continuations(client: Connection) -> None:
    client.send(frame(HEADERS, END_STREAM, 1, head()), frame(CONTINUATION, 0, 1, block(("x", "y"))))
    client.send(frame(CONTINUATION, 0, 1, b""), frame(CONTINUATION, END_HEADERS, 1, block(("y", "z"))))
    client.answers()


def test_6_10_a_field_cut_by_a_continuation(client: Connection) -> None:
    whole = head("GET", "/", ("x", "y" * 100))
    client.send(frame(HEADERS, END_STREAM, 1, whole[:-50]), frame(CONTINUATION, END_HEADERS, 1, whole[-50:]))
    client.answers()


def test_6_10_continuation_on_stream_0(client: Connection) -> None:
    client.send(frame(HEADERS, END_STREAM, 1, head()), frame(CONTINUATION, END_HEADERS, 0, block(("x", "y"))))
    client.fails(PROTOCOL_ERROR)


def test_6_10_continuation_after_the_end(client: Connection) -> None:
    client.send(frame(HEADERS, END_HEADERS, 1, head("POST")), frame(CONTINUATION, END_HEADERS, 1, block(("x", "y"))))
    client.fails(PROTOCOL_ERROR)


def test_6_10_continuation_after_a_continuations_end(client: Connection) -> None:
    client.send(frame(HEADERS, 0, 1, head("POST")), frame(CONTINUATION, END_HEADERS, 1, block(("x", "y"))) * 2)
    client.fails(PROTOCOL_ERROR)


def test_6_10_continuation_after_data(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(DATA, 0, 1, b"test"), frame(CONTINUATION, END_HEADERS, 1, block(("x", "y"))))
    client.fails(PROTOCOL_ERROR)


def test_6_10_data_before_the_end(client: Connection) -> None:
    client.send(frame(HEADERS, 0, 1, head("POST")), frame(DATA, END_STREAM, 1, b"test"))
    client.fails(PROTOCOL_ERROR)


def test_7_an_unknown_error_code_in_goaway(client: Connection) -> None:
    client.send(goaway(code=0xFF))
    client.send(frame(PING, 0, 0, b"opaque!!"))
    while (got := client.next()) is not None and got.type != PING:
        assert got.type != GOAWAY or got.code == 0


def test_7_an_unknown_error_code_in_reset(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(RST_STREAM, 0, 1, b"\0\0\0\xff"))
    client.lives()
