"""The small HTTP client, over a socket pair."""

import socket

import pytest

from benchmarks import client


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
