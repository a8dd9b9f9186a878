"""The mock server, asked by an ordinary HTTP client over a socket."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request

import pytest

from spica import App, paths
from spica.http.response import Response
from spica.testing.mock_server import MockServer, running_mock_server


async def ask(mock: MockServer, method: str, target: str, body: object = None) -> tuple[int, str]:
    def send() -> tuple[int, str]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(mock.url + target, data, {"x-key": "k"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    return await asyncio.to_thread(send)


async def test_requests_are_answered_and_recorded() -> None:
    async with running_mock_server() as mock:
        charge = mock.expect("POST", "/v1/charges", json={"amount": 5}, headers={"X-Key": "k"})
        charge.respond(503).respond(201, json={"id": "ch_1"}, headers={"x-own": "1"})
        mock.expect("get", "/", query={"page": "2"}).respond_with(lambda request: Response(request.path + "!"))
        mock.expect("DELETE", "/v1/charges/1").times(2)
        mock.expect("GET", "/maybe").optional()
        assert (await ask(mock, "POST", "/v1/charges", {"amount": 5}))[0] == 503
        assert await ask(mock, "POST", "/v1/charges", {"amount": 5}) == (201, '{"id":"ch_1"}')
        assert await ask(mock, "GET", "/?page=2&q=a%20b") == (200, "/!")
        assert [(await ask(mock, "DELETE", "/v1/charges/1"))[0] for _ in range(2)] == [204, 204]
    assert mock.requests[0].json() == {"amount": 5}
    assert mock.requests[2].query == [("page", "2"), ("q", "a b")]
    assert len(charge.seen) == 2


async def test_what_was_not_expected_or_did_not_come_fails() -> None:
    async def use() -> None:
        async with running_mock_server() as mock:
            mock.expect("GET", "/a")
            mock.expect("POST", "/b", json={"right": 1}).optional()
            status, text = await ask(mock, "POST", "/b", {"wrong": 1})
            assert status == 501
            assert "not expected: POST /b" in text

    with pytest.raises(AssertionError) as failed:
        await use()
    assert "expected GET /a, 0 of 1 times" in str(failed.value)
    assert 'came, not expected: POST /b {"wrong": 1}' in str(failed.value)


async def test_what_a_block_raises_is_not_covered_up() -> None:
    async def use() -> None:
        async with running_mock_server() as mock:
            mock.expect("GET", "/a")
            raise KeyError

    with pytest.raises(KeyError):
        await use()


async def test_the_application_under_test_keeps_its_paths() -> None:
    app = App(env="test")

    @app.get("/posts", name="posts")
    def posts() -> str:
        return "posts"

    await app.startup()
    async with running_mock_server():
        assert paths.posts() == "/posts"
    await app.shutdown()
