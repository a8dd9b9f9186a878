"""The small HTTP client, over a socket pair."""

import socket

import pytest

from benchmarks import client, http2


def test_a_response_that_comes_in_pieces_is_read_whole():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 5\r\n\r\nhel")
        theirs.sendall(b"lo")
        assert client.exchange(ours, "/plaintext") == (200, b"hello")
        assert theirs.recv(100) == b"GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def test_a_server_that_closes_early_is_an_error():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionError, match="before its answer was complete"):
            client.exchange(ours, "/")


def test_a_response_without_a_length_is_an_error():
    with pytest.raises(ConnectionError, match="without Content-Length"):
        client.content_length(b"HTTP/1.1 200 OK\r\nServer: x")


SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


def frame(kind: int, flags: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags, 0, 0, 0, 1]) + payload


def exchange_http2(answer: bytes) -> tuple[int, bytes]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(answer)
        theirs.shutdown(socket.SHUT_WR)
        return http2.exchange(ours, "/plaintext", "http")


def test_an_answer_over_http2_is_read_whole_padding_left_out():
    head = frame(1, 0x4, b"\x3f\x88\x5c\x015")
    assert exchange_http2(SETTINGS + head + frame(0, 0, b"hel") + frame(0, 0x9, b"\x02lo\0\0")) == (200, b"hello")


def test_another_status_over_http2_is_not_200():
    assert exchange_http2(SETTINGS + frame(1, 0x5, b"\x8d")) == (0, b"")


def test_a_server_without_http2_is_told_apart():
    with pytest.raises(ConnectionError, match="answered in HTTP/1"):
        exchange_http2(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(ConnectionError, match="ended the HTTP/2 stream"):
        exchange_http2(SETTINGS + frame(3, 0, b"\0\0\0\1"))


def test_who_comes_back_gives_back_what_was_set() -> None:
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/; HttpOnly\r\nvary: cookie\r\nset-cookie: b=x=y"
    assert client.cookies_of(head) == "a=1; b=x=y"
    assert client.cookies_of(b"HTTP/1.1 200 OK\r\ncontent-length: 0") == ""
