"""RFC 9113 section 3: how a connection starts."""

from __future__ import annotations

from collections.abc import Callable

from tests.conformance.http2.connection import (
    ACK,
    GOAWAY,
    INITIAL_WINDOW_SIZE,
    PREFACE,
    PROTOCOL_ERROR,
    SETTINGS,
    WINDOW_UPDATE,
    Connection,
    frame,
    settings,
)


def test_3_4_the_servers_preface_is_settings(connect: Callable[..., Connection]) -> None:
    with connect(greet=False) as client:
        client.send(PREFACE, settings())
        first = client.next()
        assert first is not None
        assert (first.type, first.flags & ACK, first.stream) == (SETTINGS, 0, 0)


def test_3_4_requests_may_follow_the_preface_at_once(connect: Callable[..., Connection]) -> None:
    with connect(greet=False) as client:
        client.send(PREFACE, settings())
        client.request()
        client.answers()


def test_3_4_settings_are_acknowledged(connect: Callable[..., Connection]) -> None:
    with connect(greet=False) as client:
        client.greet((INITIAL_WINDOW_SIZE, 65_535))


def test_3_4_the_preface_octet_by_octet(connect: Callable[..., Connection]) -> None:
    with connect(greet=False) as client:
        for octet in PREFACE + settings():
            client.send(bytes((octet,)))
        client.request()
        client.answers()


def test_3_4_an_invalid_preface_ends_the_connection(connect: Callable[..., Connection]) -> None:
    with connect(greet=False) as client:
        client.send(PREFACE[:18] + b"XX\r\n\r\n" + settings())
        # A server that also speaks HTTP/1.1 may answer in it: what counts is that it ends.
        while chunk := client.socket.recv(65536):
            assert not chunk.startswith(b"HTTP/1.1 2")


def test_3_4_the_clients_first_frame_must_be_settings(connect: Callable[..., Connection]) -> None:
    with connect(greet=False) as client:
        client.send(PREFACE, frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\1"))
        client.fails_or_ends(PROTOCOL_ERROR)


def test_3_4_goaway_is_no_first_frame(connect: Callable[..., Connection]) -> None:
    with connect(greet=False) as client:
        client.send(PREFACE, frame(GOAWAY, 0, 0, bytes(8)))
        client.fails_or_ends(PROTOCOL_ERROR)
