"""Streamed responses of a whole application: their context, what they can't change any more, how they break."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from spica import App, Context, Response
from spica.testing import BrokenResponse, Client
from tests.serving import open_client

app = App()
user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")


async def say_user() -> AsyncIterator[str]:
    yield user.get()
    await asyncio.sleep(0)
    yield f" {user.get()}"


@app.get("/plain/{name}")
def plain(name: str) -> Response:
    user.set(name)
    return Response.stream(say_user())


@app.get("/waits/{name}")
async def waits(name: str) -> Response:
    user.set(name)
    await asyncio.sleep(0)
    return Response.stream(say_user())


@app.get("/steps/{name}")
async def steps(name: str) -> Response:
    user.set(name)
    return Response.stream(say_user())


@app.get("/with-context/{name}")
async def with_context(ctx: Context, name: str) -> Response:
    user.set(name)
    await asyncio.sleep(0)
    user.set(f"{name}!")
    return Response.stream(say_user())


@app.get("/sets")
def sets(ctx: Context) -> Response:
    def late() -> Iterator[str]:
        for _ in range(3):
            ctx.cookies["seen"] = "yes"
            ctx.response.set_header("x-late", "1")
            response.set_cookie("own", "1")
            yield "piece"

    ctx.cookies["early"] = "yes"
    response = Response.stream(late())
    response.set_header("x-early", "1")
    return response


@app.get("/breaks")
def breaks() -> Response:
    def pieces() -> Iterator[str]:
        yield "hello"
        raise LookupError("no such row")

    return Response.stream(pieces(), trailers=lambda: [("x-sum", "1")])


@app.get("/exits")
async def exits() -> Response:
    async def pieces() -> AsyncIterator[str]:
        yield "hello"
        await asyncio.sleep(0)
        raise SystemExit

    return Response.stream(pieces())


@app.get("/whole")
def whole() -> Response:
    return Response.stream(iter(["a", "b"]), trailers=lambda: [("x-sum", "1")])


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with open_client(app) as client:
        yield client


@pytest.mark.parametrize("form", ["plain", "waits", "steps"])
async def test_a_stream_runs_in_its_handlers_context(client: Client, form: str) -> None:
    answers = await asyncio.gather(*(client.get(f"/{form}/{name}") for name in ("ada", "grace", "mary")))
    assert [answer.text for answer in answers] == ["ada ada", "grace grace", "mary mary"]
    assert user.get() == "nobody"


async def test_what_a_handler_sets_last_counts(client: Client) -> None:
    assert (await client.get("/with-context/ada")).text == "ada! ada!"


async def test_changes_after_the_head_are_told_once_a_place(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "spica.http"):
        for _ in range(2):
            answer = await client.get("/sets")
    assert answer.headers["x-early"] == "1"
    assert answer.headers.get_all("set-cookie", [])[0].startswith("early=yes")
    assert "x-late" not in answer.headers
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 3
    for what, line in zip(("the cookie 'seen'", "the field 'x-late'", "the cookie 'own'"), said, strict=True):
        assert f" sets {what} while the response is streamed" in line
        assert line.startswith(f"{__file__}:")


async def test_a_stream_that_breaks_off_is_named_with_its_reason(client: Client) -> None:
    with pytest.raises(
        BrokenResponse, match=r"GET /breaks broke off after 5 octets.*LookupError: no such row"
    ) as broken:
        await client.get("/breaks")
    assert isinstance(broken.value.__cause__, LookupError)


async def test_promise_25_a_stream_that_exits_ends_itself_alone(client: Client) -> None:
    with pytest.raises(BrokenResponse, match="SystemExit"):
        await client.get("/exits")
    assert (await client.get("/plain/ada")).text == "ada ada"


async def test_trailers_reach_the_test_client(client: Client) -> None:
    answer = await client.get("/whole")
    assert (answer.text, answer.trailers["x-sum"]) == ("ab", "1")
