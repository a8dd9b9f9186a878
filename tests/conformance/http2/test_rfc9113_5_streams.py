"""RFC 9113 section 5: the states of a stream, its number, errors, and what is not known."""

from __future__ import annotations

import pytest

from tests.conformance.http2.connection import (
    ACK,
    CANCEL,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    MAX_CONCURRENT_STREAMS,
    PING,
    PRIORITY,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    RST_STREAM,
    SETTINGS,
    STREAM_CLOSED,
    WINDOW_UPDATE,
    Connection,
    block,
    frame,
    goaway,
    head,
    settings,
)

CANCELLED = CANCEL.to_bytes(4, "big")


def hold_answers(client: Connection) -> None:
    """Let no response end: the server may send no content."""
    client.send(settings((INITIAL_WINDOW_SIZE, 0)))
    client.until(SETTINGS, flags=ACK)


def test_5_1_idle_data(client: Connection) -> None:
    client.send(frame(DATA, END_STREAM, 1, b"test"))
    client.fails(PROTOCOL_ERROR)


def test_5_1_idle_reset(client: Connection) -> None:
    client.send(frame(RST_STREAM, 0, 1, CANCELLED))
    client.fails(PROTOCOL_ERROR)


def test_5_1_idle_window_update(client: Connection) -> None:
    client.send(frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\x64"))
    client.fails(PROTOCOL_ERROR)


def test_5_1_idle_continuation(client: Connection) -> None:
    client.send(frame(CONTINUATION, END_HEADERS, 1, head()))
    client.fails(PROTOCOL_ERROR)


def test_5_1_idle_priority_is_allowed(client: Connection) -> None:
    client.send(frame(PRIORITY, 0, 3, bytes((0, 0, 0, 0, 15))))
    client.request()
    client.answers()


def test_5_1_half_closed_data(client: Connection) -> None:
    hold_answers(client)
    client.request()
    client.until(HEADERS, stream=1)
    client.send(frame(DATA, END_STREAM, 1, b"test"))
    client.resets(1, STREAM_CLOSED)


def test_5_1_half_closed_headers(client: Connection) -> None:
    hold_answers(client)
    client.request()
    client.until(HEADERS, stream=1)
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block(("x-trailer", "y"))))
    client.resets(1, STREAM_CLOSED)


def test_5_1_half_closed_continuation(client: Connection) -> None:
    hold_answers(client)
    client.request()
    client.until(HEADERS, stream=1)
    client.send(frame(CONTINUATION, END_HEADERS, 1, block(("x", "y"))))
    client.fails(STREAM_CLOSED, PROTOCOL_ERROR)


def test_5_1_half_closed_window_update_is_allowed(client: Connection) -> None:
    hold_answers(client)
    client.request()
    client.send(frame(WINDOW_UPDATE, 0, 1, b"\0\0\x10\0"))
    client.answers()


def test_5_1_half_closed_priority_is_allowed(client: Connection) -> None:
    hold_answers(client)
    client.request()
    client.send(frame(PRIORITY, 0, 1, bytes((0, 0, 0, 0, 15))), frame(WINDOW_UPDATE, 0, 1, b"\0\0\x10\0"))
    client.answers()


def test_5_1_half_closed_reset_is_allowed(client: Connection) -> None:
    hold_answers(client)
    client.request()
    client.send(frame(RST_STREAM, 0, 1, CANCELLED))
    client.lives()


def test_5_1_reset_then_data(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(RST_STREAM, 0, 1, CANCELLED), frame(DATA, END_STREAM, 1, b"test"))
    client.resets(1, STREAM_CLOSED)


def test_5_1_reset_then_headers(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(RST_STREAM, 0, 1, CANCELLED), frame(HEADERS, END_HEADERS | END_STREAM, 1, head()))
    client.resets(1, STREAM_CLOSED, PROTOCOL_ERROR)


def test_5_1_reset_then_continuation(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(RST_STREAM, 0, 1, CANCELLED), frame(CONTINUATION, END_HEADERS, 1, block(("x", "y"))))
    client.fails(STREAM_CLOSED, PROTOCOL_ERROR)


def test_5_1_reset_then_reset_is_allowed(client: Connection) -> None:
    client.request(1, "POST", flags=0)
    client.send(frame(RST_STREAM, 0, 1, CANCELLED) * 2)
    client.lives()


def test_5_1_closed_data(client: Connection) -> None:
    client.request()
    client.answers()
    client.send(frame(DATA, END_STREAM, 1, b"test"))
    client.resets(1, STREAM_CLOSED)


def test_5_1_closed_headers(client: Connection) -> None:
    client.request()
    client.answers()
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, head()))
    client.resets(1, STREAM_CLOSED, PROTOCOL_ERROR)


def test_5_1_closed_continuation(client: Connection) -> None:
    client.request()
    client.answers()
    client.send(frame(CONTINUATION, END_HEADERS, 1, block(("x", "y"))))
    client.fails(STREAM_CLOSED, PROTOCOL_ERROR)


@pytest.mark.parametrize(
    "late", [frame(PRIORITY, 0, 1, bytes((0, 0, 0, 0, 15))), frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1")]
)
def test_5_1_closed_priority_and_window_update_are_allowed(client: Connection, late: bytes) -> None:
    client.request()
    client.answers()
    client.send(late)
    client.lives()


def test_5_1_1_an_even_number(client: Connection) -> None:
    client.request(2)
    client.fails(PROTOCOL_ERROR)


def test_5_1_1_a_smaller_number(client: Connection) -> None:
    client.request(5)
    client.answers(5)
    client.request(3)
    client.fails(PROTOCOL_ERROR, STREAM_CLOSED)


def test_5_1_1_numbers_may_be_left_out(client: Connection) -> None:
    for stream in (1, 7, 2_147_483_647):
        client.request(stream)
        client.answers(stream)


def test_5_1_2_more_streams_than_allowed(client: Connection) -> None:
    limit = client.settings.get(MAX_CONCURRENT_STREAMS)
    assert limit is not None, "no SETTINGS_MAX_CONCURRENT_STREAMS: a client may open any number"
    hold_answers(client)
    for stream in range(1, 2 * limit + 3, 2):
        client.request(stream)
    client.resets(2 * limit + 1, PROTOCOL_ERROR, REFUSED_STREAM)


def test_5_1_2_streams_up_to_the_limit_are_answered(client: Connection) -> None:
    limit = min(client.settings.get(MAX_CONCURRENT_STREAMS, 100), 100)
    for stream in range(1, 2 * limit, 2):
        client.request(stream)
    waiting = set(range(1, 2 * limit, 2))
    while waiting:
        got = client.next()
        assert got is not None
        assert got.type not in (RST_STREAM,)
        if got.type == DATA and got.flags & END_STREAM:
            waiting.discard(got.stream)


def test_5_2_2_a_response_within_the_streams_window(client: Connection) -> None:
    client.send(settings((INITIAL_WINDOW_SIZE, 100_000)), frame(WINDOW_UPDATE, 0, 0, (2_000_000).to_bytes(4, "big")))
    client.until(SETTINGS, flags=ACK)
    client.request(1, path="/large")
    received = 0
    while received < 100_000:
        received += len(client.until(DATA, stream=1).payload)
    assert received == 100_000
    client.lives()
    client.send(frame(WINDOW_UPDATE, 0, 1, (2_000_000).to_bytes(4, "big")))
    ended = False
    while not ended:
        got = client.until(DATA, stream=1)
        received, ended = received + len(got.payload), bool(got.flags & END_STREAM)
    assert received == 1 << 20


def test_5_4_1_after_an_error_the_connection_is_closed(client: Connection) -> None:
    client.send(frame(PING, 0, 0, b"short"))
    client.fails(FRAME_SIZE_ERROR)


def test_5_4_1_goaway_names_the_last_stream(client: Connection) -> None:
    client.request(1)
    client.answers(1)
    client.send(frame(DATA, 0, 0, b""))
    while (got := client.next()) is not None and got.type != GOAWAY:
        pass
    assert got is not None
    assert int.from_bytes(got.payload[:4], "big") == 1


def test_5_4_2_a_stream_error_leaves_the_others(client: Connection) -> None:
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, head("GET", "/", ("connection", "close"))))
    client.resets(1, PROTOCOL_ERROR)
    client.request(3)
    client.answers(3)


def test_5_5_unknown_settings_are_ignored(client: Connection) -> None:
    client.send(settings((0xFF, 1)))
    client.until(SETTINGS, flags=ACK)
    client.lives()


def test_5_5_an_unknown_frame_on_an_idle_stream_is_ignored(client: Connection) -> None:
    client.send(frame(0xFF, 0xFF, 1, b"unknown"))
    client.request()
    client.answers()


def test_6_8_goaway_lets_open_streams_end(client: Connection) -> None:
    hold_answers(client)
    client.request()
    client.send(goaway(), frame(WINDOW_UPDATE, 0, 1, b"\0\0\x10\0"))
    client.answers()


def test_6_9_1_windows_may_not_overflow(client: Connection) -> None:
    client.send(frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff") * 2)
    client.fails(FLOW_CONTROL_ERROR)
