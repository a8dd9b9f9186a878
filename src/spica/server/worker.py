"""A worker process: serves on sockets that its supervisor opened.

`python -m spica.server.worker NUMBER ORDER`; ORDER is JSON, as `child.start_worker` writes it. On the control socket it
writes `ready NAME`, `beat`, `failed WHY` and, on SIGUSR1, its stack; it reads `all` when the whole server stops, not
only this worker. When the socket ends it stops, because then nobody would stop it.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import functools
import json
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spica.errors.base import SpicaError
from spica.server.announcement import tell
from spica.server.signals import leave_to_supervisor

if TYPE_CHECKING:  # imported at run time once signals are in order
    from spica.app.application import App


def main() -> int:
    """Serve until SIGTERM. Returns the exit code."""
    leave_to_supervisor()
    order: dict[str, Any] = json.loads(sys.argv[2])
    control = socket.socket(fileno=order["control"])
    control.set_inheritable(False)
    try:
        _serve(order, control)
    except SpicaError as error:
        print(error, file=sys.stderr, flush=True)
        return _fail(control, error.short, int(getattr(error, "exit_code", 1)))
    except Exception as error:
        traceback.print_exc()
        return _fail(control, f"{type(error).__name__}: {error}", 1)
    return 0


def _serve(order: dict[str, Any], control: socket.socket) -> None:
    # Here and not above: they take most of the start, and signals are in order before.
    from spica.server.run import ServerOptions, serve_listeners
    from spica.server.target import load_app

    listeners = [socket.socket(fileno=descriptor) for descriptor in order["listeners"]]
    for listener in listeners:
        listener.set_inheritable(False)
    options = ServerOptions(
        access_log=order["access_log"],
        grace_s=order["grace_s"],
        delay_s=order["delay_s"],
        cpu=order["cpu"],
        backend=order["backend"],
        event_loop=order["event_loop"],
        certificates=tuple((chain, key) for chain, key in order["certificates"]),
        tls_minimum=order["tls_minimum"],
        worker_threads=order["worker_threads"],
    )
    app = load_app(order["target"], Path(order["folder"]))
    around = functools.partial(_in_touch, control, order["beat_s"])
    serve_listeners(app, listeners, options, around, is_worker=True)


@contextlib.contextmanager
def _in_touch(control: socket.socket, beat_s: float, app: App) -> Iterator[Callable[[], bool]]:
    """What is around a worker: its supervisor, which hears that it is ready and lives, and stops it by ending."""
    from spica.server.watchdog import beating

    loop = asyncio.get_running_loop()
    control.setblocking(False)
    # C code that runs when the interpreter can't: the supervisor asks because the loop hangs.
    faulthandler.register(signal.SIGUSR1, file=control.fileno(), all_threads=False)
    supervisor = _Supervisor(loop, control)
    loop.add_reader(control, supervisor.receive)
    name = " ".join(app.name.split())
    control.send(f"ready {name}\n".encode())
    try:
        with beating(loop, beat_s, functools.partial(_beat, control)) if beat_s else contextlib.nullcontext():
            yield supervisor.is_stopping
    finally:
        loop.remove_reader(control)
        # Ignored from here on: without a handler the signal would end the process.
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)


def _beat(control: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the supervisor reads nothing for now, or has ended, which add_reader tells
        control.send(b"beat\n")


class _Supervisor:
    """The other end of the control socket."""

    def __init__(self, loop: asyncio.AbstractEventLoop, control: socket.socket) -> None:
        self._loop = loop
        self._control = control
        self._stops_all = False
        self._has_ended = False

    def is_stopping(self) -> bool:
        """Whether no other worker will go on: the whole server stops, or its supervisor is gone."""
        if not self._has_ended:
            self.receive()
        return self._stops_all

    def receive(self) -> None:
        """Read what it says, or that it has ended."""
        try:
            data = self._control.recv(64)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # reset: it ended, too
        self._stops_all = True
        if data:
            return
        self._has_ended = True
        self._loop.remove_reader(self._control)
        tell("the supervisor ended; this worker finishes its requests and ends too")
        # As if it had asked: the hard end after the grace comes with it.
        signal.raise_signal(signal.SIGTERM)


def _fail(control: socket.socket, why: str, code: int) -> int:
    with contextlib.suppress(OSError):
        control.send(f"failed {' '.join(why.split())}\n".encode())
    return code


if __name__ == "__main__":
    sys.exit(main())
