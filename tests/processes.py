"""Real processes for tests: the spica command, servers on real sockets. What is started here is ended here."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

SPICA = str(Path(sys.executable).with_name("spica"))
START_TIMEOUT_S = 60
ANNOUNCED = r"https?://[\d.]+:(\d+)"


def run_command(*arguments: str, cwd: Path, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `spica …` to its end and give its output."""
    done = subprocess.run(
        [SPICA, *arguments],
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", **env},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert not check or done.returncode == 0, f"spica {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done


@dataclass
class RunningServer:
    """A server process and where it listens."""

    process: subprocess.Popen[str]
    port: int
    killed: bool = False

    def kill(self) -> None:
        """End it as `kill -9` does; it then need not stop by itself."""
        self.killed = True
        self.process.kill()
        self.process.wait(START_TIMEOUT_S)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def serving(cwd: Path, *arguments: str, **env: str) -> Iterator[RunningServer]:
    """Run `spica server …` on a free port until the block ends; it must then stop by itself on SIGTERM."""
    command = [SPICA, "server", *arguments, "--port", "0"]
    with started(command, cwd, ANNOUNCED, **env) as server:
        yield server


@contextlib.contextmanager
def started(command: list[str], cwd: Path, announced: str, **env: str) -> Iterator[RunningServer]:
    """Run a server that says its port on stderr in the form of the pattern `announced`."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        server = RunningServer(process, _announced_port(process, announced))
        # Nobody reads what it says from now on, and a full pipe would stop it in the middle of a request.
        threading.Thread(target=_drain, args=[process], daemon=True).start()
        yield server
        assert server.killed or process.poll() is None, "the server ended while it was used"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(START_TIMEOUT_S)
        finally:
            process.kill()


def _drain(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    with process.stderr as said:
        for _ in said:
            pass


def _announced_port(process: subprocess.Popen[str], pattern: str) -> int:
    assert process.stderr is not None
    said = []
    too_late = threading.Timer(START_TIMEOUT_S, process.kill)
    too_late.start()
    try:
        for line in process.stderr:
            said.append(line)
            if found := re.search(pattern, line):
                return int(found[1])
    finally:
        too_late.cancel()
    raise AssertionError(f"the server did not start:\n{''.join(said)}")


@dataclass
class Browser:
    """As much of a browser as forms need, over a real socket: cookies, redirects, hidden inputs."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def request(
        self, method: str, path: str, form: dict[str, str] | None = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {"accept": "text/html", **headers}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = urlencode(form).encode() if form is not None else None
        if form is not None:
            sent["content-type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        content = response.read().decode()
        connection.close()
        for cookie in response.headers.get_all("set-cookie", []):
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return response.status, response.headers, content

    def page(self, path: str) -> str:
        status, _, content = self.request("GET", path)
        assert status == 200, f"{status} for {path}\n{content}"
        return content

    def submit(self, page: str, action: str, **values: str) -> tuple[int, http.client.HTTPMessage, str]:
        """Post the form of `page` that goes to `action`: its hidden inputs, and `values` over them."""
        form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.DOTALL)
        assert form, f"no form that goes to {action}:\n{page}"
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
        return self.request("POST", action, {**dict(hidden), **values})
