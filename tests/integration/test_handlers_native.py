"""How handlers run: in place, stepped, or as real tasks. Each test runs on uvloop and on asyncio's own loop."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import time

import anyio
import anyio.lowlevel
import pytest

from tests.integration.conftest import NativeServer

user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")


def test_plain_def_is_called_in_place(native: NativeServer) -> None:
    native.get("/add/{a:int}/{b:int}", kind="plain")(lambda a, b: f"{a + b}")
    native.start()
    assert native.fetch("/add/3/4") == (200, b"7")


def test_async_def_that_never_waits_is_stepped(native: NativeServer) -> None:
    @native.get("/name/{name}", kind="step")
    async def name(name: str) -> str:
        return name.upper()

    native.start()
    assert native.fetch("/name/m%C3%BCller") == (200, "MÜLLER".encode())


def test_asyncio_timeout_works(native: NativeServer) -> None:
    @native.get("/")
    async def slow() -> str:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.sleep(5)
        except TimeoutError:
            return "timed out"
        return "finished"

    native.start()
    assert native.fetch("/") == (200, b"timed out")


def test_task_group_works(native: NativeServer) -> None:
    @native.get("/")
    async def grouped() -> list[int]:
        async def double(number: int) -> int:
            await asyncio.sleep(0)
            return number * 2

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(double(number)) for number in range(3)]
        return [task.result() for task in tasks]

    native.start()
    assert native.fetch("/") == (200, b"[0, 2, 4]")


def test_current_task_is_a_real_task(native: NativeServer) -> None:
    @native.get("/")
    async def which() -> str:
        before = asyncio.current_task()
        await asyncio.sleep(0)
        assert before is asyncio.current_task()
        assert before in asyncio.all_tasks()
        return type(before).__name__

    native.start()
    assert native.fetch("/") == (200, b"Task")


def test_a_task_is_named_by_its_route(native: NativeServer) -> None:
    @native.get("/users/{id:int}")
    async def who(id: int) -> str:
        await asyncio.sleep(0)
        task = asyncio.current_task()
        assert task is not None
        return task.get_name()

    native.start()
    assert native.fetch("/users/7") == (200, b"GET /users/{id:int}")


def test_anyio_works(native: NativeServer) -> None:
    @native.get("/")
    async def with_anyio() -> str:
        with anyio.move_on_after(0.01) as scope:
            await anyio.sleep(5)
        done: list[int] = []

        async def add(number: int) -> None:
            await anyio.lowlevel.checkpoint()
            done.append(number)

        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(add, number)
        return f"{scope.cancelled_caught} {sorted(done)}"

    native.start()
    assert native.fetch("/") == (200, b"True [0, 1, 2]")


@pytest.mark.parametrize("kind", ["plain", "step", "task"])
def test_context_variables_stay_in_their_request(native: NativeServer, kind: str) -> None:
    seen: list[str] = []

    def plain() -> str:
        seen.append(user.get())
        user.set("ada")
        return user.get()

    async def stepped() -> str:
        return plain()

    async def waiting() -> str:
        seen.append(user.get())
        user.set("ada")
        await asyncio.sleep(0)
        return user.get()

    native.get("/", kind=kind)({"plain": plain, "step": stepped, "task": waiting}[kind])
    native.start()
    assert [native.fetch("/") for _ in range(3)] == [(200, b"ada")] * 3
    assert seen == ["nobody"] * 3


def test_a_task_that_finishes_at_once_answers_at_once(native: NativeServer) -> None:
    @native.get("/{wait:int}")
    async def maybe(wait: int) -> str:
        if wait:
            await asyncio.sleep(0)
        return "done"

    native.start()
    assert native.fetch("/0") == (200, b"done")
    assert native.fetch("/1") == (200, b"done")


@pytest.mark.parametrize("kind", ["plain", "step", "task"])
def test_an_exception_is_a_500_and_the_worker_lives(native: NativeServer, kind: str) -> None:
    def plain() -> str:
        raise ValueError("no luck")

    async def coroutine() -> str:
        raise ValueError("no luck")

    native.get("/", kind=kind)(plain if kind == "plain" else coroutine)
    native.get("/fine", kind="plain")(lambda: "fine")
    native.start()
    assert native.fetch("/") == (500, b"ValueError: no luck")
    assert native.fetch("/fine") == (200, b"fine")


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), asyncio.CancelledError()])
def test_not_even_a_base_exception_ends_the_worker(native: NativeServer, error: BaseException) -> None:
    def leave() -> str:
        raise error

    native.get("/", kind="plain")(leave)
    native.get("/fine", kind="plain")(lambda: "fine")
    native.start()
    assert native.fetch("/")[0] == 500
    assert native.fetch("/fine") == (200, b"fine")


def test_an_exception_after_a_wait_is_a_500(native: NativeServer) -> None:
    @native.get("/")
    async def late() -> str:
        await asyncio.sleep(0)
        raise RuntimeError("late")

    native.start()
    assert native.fetch("/") == (500, b"RuntimeError: late")


def test_a_client_that_goes_away_cancels_its_handler(native: NativeServer) -> None:
    events: list[str] = []

    @native.get("/")
    async def wait() -> str:
        events.append("started")
        try:
            await asyncio.sleep(30)
        finally:
            events.append("finally")
        return "never"

    native.start()
    with native.connect() as peer:
        peer.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        wait_for(lambda: events == ["started"])
    wait_for(lambda: events == ["started", "finally"])
    assert native.on_loop(lambda: native.native.waiting) == 0
    assert native.errors == []


def test_pipelined_answers_are_in_order_though_the_first_waits(native: NativeServer) -> None:
    @native.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(0.02)
        return "slow"

    native.get("/fast", kind="plain")(lambda: "fast")
    native.start()
    answer = native.send(
        b"GET /slow HTTP/1.1\r\nHost: t\r\n\r\nGET /fast HTTP/1.1\r\nHost: t\r\n\r\n"
        b"GET /slow HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
    )
    contents = [part.split(b"HTTP/1.1")[0] for part in answer.split(b"\r\n\r\n")[1:]]
    assert contents == [b"slow", b"fast", b"slow"]


@pytest.mark.parametrize("arguments", [["with an argument"], []])
def test_what_calls_the_loop_while_a_task_is_made_is_heard(native: NativeServer, arguments: list[str]) -> None:
    heard: list[tuple[str, ...]] = []

    @native.get("/")
    async def handler() -> str:
        await asyncio.sleep(0)
        return "done"

    native.start()
    said: list[bool] = []

    def get_debug() -> bool:
        # Making a Task asks for this; in life, a finalizer run by the collector may come at the same moment.
        if "call_soon" in vars(native.loop) and not said:
            said.append(True)
            native.loop.call_soon(lambda *values: heard.append(values), *arguments)
        return False

    native.on_loop(lambda: setattr(native.loop, "get_debug", get_debug))
    assert native.fetch("/") == (200, b"done")
    native.on_loop(lambda: delattr(native.loop, "get_debug"))
    eager = sys.version_info >= (3, 12)  # there the loop's call_soon stays in its place
    assert heard == ([] if eager else [tuple(arguments)])


def test_a_plain_function_that_returns_a_coroutine_is_awaited(native: NativeServer) -> None:
    async def inner() -> str:
        await asyncio.sleep(0)
        return "inner"

    native.get("/", kind="plain")(lambda: inner())
    native.start()
    assert native.fetch("/") == (200, b"inner")


def wait_for(condition: object, seconds: float = 8.0) -> None:
    """Poll until `condition()` holds; promise 26 allows 100 ms, a busy machine gets more, and the handler has 30 s."""
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)
