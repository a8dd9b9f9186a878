"""RFC 9110 in its order, as far as a server shows it: what its responses are, whatever a handler returned."""

from __future__ import annotations

import email.utils
import json
import time

import pytest

from tests.conformance.http1.case import PROBE, get, post
from tests.conformance.wire import Answer, Peer

STATUSES = [200, 201, 202, 203, 206, 226, 300, 301, 303, 307, 400, 401, 404, 409, 410, 418, 422, 451, 500, 503, 599]


def ask(port: int, octets: bytes, method: str = "GET") -> Answer:
    """The only answer to one request; the connection must be usable after it, or ended as it said."""
    with Peer(port) as peer:
        peer.send(octets)
        answer = peer.answer(method)
        if not answer.closes:
            peer.send(PROBE)
            assert peer.answer().status == 200
        assert peer.at_end()
    return answer


def request(method: str, target: str) -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def test_6_6_1_every_final_answer_has_one_date_of_now(port: int) -> None:
    for octets in (request("GET", "/"), request("GET", "/none"), b"GET / HTTP/1.1\r\n\r\n"):
        dates = ask(port, octets).values("date")
        assert len(dates) == 1
        at = email.utils.parsedate_to_datetime(dates[0])
        assert email.utils.format_datetime(at, usegmt=True) == dates[0], "no IMF-fixdate"
        assert abs(at.timestamp() - time.time()) < 3


def test_2_5_an_answer_to_1_0_has_the_servers_version(port: int) -> None:
    with Peer(port) as peer:
        peer.send(b"GET / HTTP/1.0\r\n\r\n")
        assert peer.everything().startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("target", ["/", "/seen", "/large", "/none", "/raises", "/status/204", "/status/304"])
def test_9_3_2_head_is_get_without_content(port: int, target: str) -> None:
    with_content = ask(port, request("GET", target))
    without = ask(port, request("HEAD", target), "HEAD")
    # What depends on the method or the moment may differ: /seen says the method, an error page has an id.
    varies = {"date", "content-length", "x-request-id"} if target in ("/seen", "/raises") else {"date"}
    comparable = [[field for field in answer.fields if field[0] not in varies] for answer in (with_content, without)]
    assert with_content.status == without.status
    assert comparable[0] == comparable[1]


def test_9_3_7_options_says_what_is_allowed(port: int) -> None:
    answer = ask(port, request("OPTIONS", "/large"), "OPTIONS")
    assert (answer.status, answer.value("allow")) == (204, "GET, HEAD, OPTIONS")


def test_9_3_8_trace_is_not_reflected(port: int) -> None:
    answer = ask(port, b"TRACE / HTTP/1.1\r\nHost: a\r\nX-Secret: of-the-client\r\n\r\n")
    assert answer.status in (405, 501)
    assert b"of-the-client" not in answer.content


@pytest.mark.parametrize("method", ["BREW", "QUERY", "PROPFIND"])
def test_9_1_a_method_nobody_declared_is_not_allowed(port: int, method: str) -> None:
    answer = ask(port, request(method, "/"))
    assert answer.status in (405, 501)
    assert answer.status == 501 or answer.value("allow") == "GET, HEAD, OPTIONS, POST"


def test_10_1_1_continue_comes_before_the_content(port: int) -> None:
    with Peer(port) as peer:
        peer.send(post(b"Content-Length: 5\r\nExpect: 100-continue\r\n"))
        assert peer._until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        peer.send(b"hello")
        assert json.loads(peer.answer().content)["content"] == "hello"


def test_10_1_1_no_continue_for_no_content(port: int) -> None:
    for fields in (b"Expect: 100-continue\r\n", b"Expect: 100-continue\r\nContent-Length: 0\r\n"):
        assert ask(port, post(fields)).interim == []


def test_10_1_1_expectations_of_1_0_are_ignored(port: int) -> None:
    with Peer(port) as peer:
        peer.send(b"POST /seen HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        time.sleep(0.05)
        peer.send(b"hello")
        answer = peer.answer()
    assert (answer.status, answer.interim) == (200, [])


def test_10_1_1_another_expectation_fails(port: int) -> None:
    assert ask(port, get(b"Expect: 200-ok\r\n")).status == 417


def test_10_1_1_content_too_large_is_not_continued(port: int) -> None:
    answer = ask(port, post(b"Content-Length: 99999999\r\nExpect: 100-continue\r\n"))
    assert (answer.status, answer.interim) == (413, [])


def test_7_8_an_unknown_upgrade_is_ignored(port: int) -> None:
    for protocol in (b"h2c", b"foo/2", b"TLS/1.0"):
        assert ask(port, get(b"Connection: upgrade\r\nUpgrade: " + protocol + b"\r\n")).status == 200


def test_15_4_5_not_modified_has_no_content(port: int) -> None:
    assert ask(port, request("GET", "/status/304")).content == b""


def test_15_3_5_no_content_has_neither_content_nor_length(port: int) -> None:
    answer = ask(port, request("GET", "/status/204"))
    assert (answer.content, answer.value("content-length")) == (b"", None)


def test_15_3_6_reset_content_has_no_content(port: int) -> None:
    answer = ask(port, request("GET", "/status/205"))
    assert (answer.content, answer.value("content-length")) == (b"", "0")


@pytest.mark.parametrize("status", STATUSES)
def test_15_any_status_is_framed(port: int, status: int) -> None:
    answer = ask(port, request("GET", f"/status/{status}"))
    assert (answer.status, answer.content) == (status, f"{status}".encode())


@pytest.mark.parametrize("status", [0, 99, 100, 101, 103, 199, 600, 999, 1000])
def test_15_what_is_no_final_status_is_not_sent(port: int, status: int) -> None:
    assert ask(port, request("GET", f"/status/{status}")).status == 500


def test_15_5_6_not_allowed_says_what_is(port: int) -> None:
    answer = ask(port, request("DELETE", "/large"))
    assert (answer.status, answer.value("allow")) == (405, "GET, HEAD, OPTIONS")


def test_an_early_refusal_is_seen_by_a_client_that_is_still_sending(port: int) -> None:
    with Peer(port) as peer:
        peer.send(post(b"Content-Length: 99999999\r\n"), *([b"x" * 8192] * 16))
        assert peer.answer().status == 413
        assert peer.at_end()


def test_a_refusal_comes_before_the_rest_of_the_head(port: int) -> None:
    with Peer(port) as peer:
        peer.send(b"GET  / HTTP/1.1\r\n")
        assert peer.answer().status == 400
