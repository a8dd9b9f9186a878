"""A native server on a real socket, without the application layer: what the reactor itself promises."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from spica import _core
from spica.http.response import Response
from spica.http.streaming import send_stream
from spica.server.asyncio_backend import listening, watched
from spica.server.event_loop import new_event_loop
from spica.server.listener import open_listener

PATIENCE_S = 30
"""For what takes milliseconds where nothing else runs."""
LOOPS = {"uvloop": new_event_loop, "asyncio": asyncio.SelectorEventLoop}


class BareLoop(asyncio.SelectorEventLoop):
    """A loop that can't watch descriptors for others, as that of Windows can't."""

    def add_reader(self, fd: object, callback: object, *args: object) -> None:
        if getattr(callback, "__name__", "") == "poll":
            raise NotImplementedError
        super().add_reader(fd, callback, *args)


# The core's own sockets on two loops (epoll, or kqueue by tools/kqueue.sh), and the backend "asyncio" on two more.
BACKENDS = {
    **{name: (loop, False) for name, loop in LOOPS.items()},
    "transports": (new_event_loop, True),
    "transports without add_reader": (BareLoop, True),
}


class NativeServer:
    """A reactor on its own thread and loop; `errors` holds what handlers raised."""

    def __init__(
        self, new_loop: Callable[[], asyncio.AbstractEventLoop], over_asyncio: bool = False, **options: object
    ) -> None:
        self._over_asyncio = over_asyncio
        self.errors: list[BaseException] = []
        self.application = _core.Application(
            encode=lambda value: repr(value).encode(),
            response_type=Response,
            on_error=self._on_error,
            on_miss=lambda request, status, allow: Response(
                f"{status}" if status != 204 else b"", status=status, fields=[("allow", allow)] if allow else []
            ),
            send_stream=send_stream,
            fields=[("x-content-type-options", "nosniff")],
        )
        self._new_loop = new_loop
        self._options = options
        self._ready = threading.Event()

    def _on_error(self, request: _core.Request, error: BaseException) -> Response:
        self.errors.append(error)
        return Response(f"{type(error).__name__}: {error}", status=500)

    def get(
        self, pattern: str, kind: str = "task", method: str = "GET", takes: str = "params"
    ) -> Callable[..., Callable[..., object]]:
        """Declare a route on the native application."""

        def declare(handler: Callable[..., object]) -> Callable[..., object]:
            order = list(range(pattern.count("{"))) if takes == "params" else []
            self.application.add_route(method, pattern, handler, takes=takes, order=order, kind=kind)  # type: ignore[arg-type]
            return handler

        return declare

    def start(self, tls: _core.TlsAcceptor | None = None) -> None:
        self._tls = tls
        self.application.freeze()
        self._listener = open_listener("127.0.0.1", 0)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=self._new_loop) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self.native = _core.Server(self.application, self.loop, **self._options)  # type: ignore[arg-type]
        with watched(self.native, self.loop):
            if self._over_asyncio:
                async with listening(self.native, [self._listener], self._tls):
                    self._ready.set()
                    await self._stop.wait()
            else:
                self.native.listen(self._listener.fileno(), self._tls)
                self._ready.set()
                await self._stop.wait()
        self.native.abort()
        await asyncio.sleep(0.01 if self._over_asyncio else 0)
        del self.native

    def on_loop(self, function: Callable[[], object]) -> object:
        """Run `function` on the server's loop and give its result."""

        async def call() -> object:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self.loop).result(PATIENCE_S)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)

    def send(self, *requests: bytes) -> bytes:
        """Send on one connection, end it with `Connection: close`, and give everything that came back."""
        with self.connect() as peer:
            for request in requests:
                peer.sendall(request)
            return read_all(peer)

    def fetch(self, target: str, method: str = "GET") -> tuple[int, bytes]:
        answer = self.send(f"{method} {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode())
        head, _, content = answer.partition(b"\r\n\r\n")
        return int(head[9:12]), content


def read_all(peer: socket.socket) -> bytes:
    received = b""
    while chunk := peer.recv(65536):
        received += chunk
    return received


@pytest.fixture(params=list(BACKENDS))
def native(request: pytest.FixtureRequest) -> Iterator[NativeServer]:
    server = NativeServer(*BACKENDS[request.param])
    yield server
    if hasattr(server, "loop"):
        server.stop()


@pytest.fixture
def make_native() -> Iterator[Callable[..., NativeServer]]:
    """Servers with options of their own, on uvloop."""
    made: list[NativeServer] = []

    def make(**options: object) -> NativeServer:
        made.append(NativeServer(new_event_loop, **options))
        return made[-1]

    yield make
    for server in made:
        if hasattr(server, "loop"):
            server.stop()
