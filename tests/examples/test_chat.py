"""examples/chat as its README tells: checked, its own tests, its commands, and two workers that hear each other."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.examples.test_api import BLOCK, MADE, SHELL, run_its_tests
from tests.integration.workers import Served, served
from tests.processes import Browser, run_command, serving

EXAMPLE = Path(__file__).parents[2] / "examples" / "chat"
COMMANDS = re.compile(r"```\n(.*?)```", re.DOTALL)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy: the example itself is not written to."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "chat", ignore=MADE))


def prepare(example: Path) -> tuple[str, ...]:
    """Run what the README says before and after the server. Returns the arguments of the server there."""
    commands = [
        line.partition("#")[0].split() for line in COMMANDS.search((example / "README.md").read_text())[1].splitlines()
    ]  # type: ignore[index]
    assert commands[-1] == ["pytest"]
    (server,) = (command for command in commands if command[1:2] == ["server"])
    for command in commands[:-1]:
        if command != server:
            run_command(*command[1:], cwd=example)
    return tuple(server[2:])


def test_its_own_tests_pass(example: Path) -> None:
    run_its_tests(example)


def test_its_size_is_what_the_readme_says() -> None:
    sources = [path for suffix in ("py", "html", "js") for path in (EXAMPLE / "app").rglob(f"*.{suffix}")]
    sources += [*EXAMPLE.glob("config/*.py"), *EXAMPLE.glob("db/migrations/*.py")]
    lines = sum(len(path.read_text().splitlines()) for path in sources)
    said = re.search(r"in (\d+) lines", (EXAMPLE / "README.md").read_text())
    assert said
    assert int(said[1]) - 50 < lines <= int(said[1])


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README's commands need curl")
def test_every_command_of_the_readme_does_what_it_says(example: Path) -> None:
    arguments = prepare(example)
    assert run_command("check", "--strict", cwd=example).stdout == "nothing found\n"
    commands = "".join(BLOCK.findall((example / "README.md").read_text()))
    with serving(example, *arguments) as server:
        script = SHELL + commands.replace("http://127.0.0.1:3000", server.url)
        done = subprocess.run(
            ["sh", "-c", script], cwd=example, capture_output=True, text=True, timeout=300, check=False
        )
    assert done.returncode == 0, done.stderr
    statuses = [line[:3] for line in done.stderr.splitlines() if server.url in line]
    assert " ".join(statuses) == "200 303 200 303 200", done.stderr
    said = json.loads(done.stdout.splitlines()[-1])["messages"]
    assert [message["author"] for message in said] == ["Grace", "Ada", "Grace", "Ada"]
    assert said[-1]["body"] == "Hello from curl"


def test_what_is_said_at_one_worker_is_heard_at_the_other(example: Path) -> None:
    arguments = prepare(example)
    with served(example, *arguments, app="") as server, ExitStack() as stack:
        people: dict[int, Person] = {}
        while len(people) < 2:
            person = stack.enter_context(come_in(server.port, f"Guest {len(people)}"))
            people.setdefault(worker_of(server, person.socket), person)
        here, there = people.values()
        assert here.join("room:1", after=0)["history"][0]["author"] == "Grace"
        assert there.join("room:1", after=3)["history"] == []
        assert list(here.await_event("presence_diff", lambda diff: there.name in diff["joins"])["leaves"]) == []

        assert here.ask("new_msg", body="Is there another worker?") == {}
        assert there.await_event("new_msg")["body"] == "Is there another worker?"
        there.browser.submit(there.browser.page("/rooms/1"), "/rooms/1/messages", body="There is!")
        heard = here.await_event("new_msg", lambda message: message["author"] == there.name)
        assert heard["body"] == "There is!"
        here.push("typing")
        assert there.await_event("typing") == {"name": here.name}


@contextmanager
def come_in(port: int, name: str) -> Iterator[Person]:
    """Sign in and open a socket with that session."""
    browser = Browser(port)
    browser.submit(browser.page("/session/new"), "/session", name=name)
    cookies = "; ".join(f"{key}={value}" for key, value in browser.cookies.items())
    address = f"ws://127.0.0.1:{port}/socket/websocket?vsn=2.0.0"
    with connect(address, additional_headers={"cookie": cookies}) as socket:
        yield Person(name, browser, socket)


class Person:
    """Somebody with a session and a socket, who speaks the protocol of channels by hand."""

    def __init__(self, name: str, browser: Browser, socket: ClientConnection) -> None:
        self.name = name
        self.browser = browser
        self.socket = socket
        self._topic = ""
        self._refs = 0

    def join(self, topic: str, **payload: object) -> Any:
        self._topic = topic
        return self.ask("phx_join", **payload)

    def push(self, event: str, **payload: object) -> str:
        """Push an event. Returns its ref."""
        self._refs += 1
        self.socket.send(json.dumps(["1", str(self._refs), self._topic, event, payload]))
        return str(self._refs)

    def ask(self, event: str, **payload: object) -> Any:
        """Push an event. Returns the response, which must be ok."""
        ref = self.push(event, **payload)
        while True:
            _, answered, _, _, answer = self._receive()
            if answered == ref:
                assert answer["status"] == "ok", answer
                return answer["response"]

    def await_event(self, name: str, fits: Any = lambda payload: True) -> Any:
        """The payload of the next event of this name that fits."""
        while True:
            _, _, topic, event, payload = self._receive()
            if (topic, event) == (self._topic, name) and fits(payload):
                return payload

    def _receive(self) -> list[Any]:
        message: list[Any] = json.loads(self.socket.recv(timeout=60))
        return message


def worker_of(server: Served, socket: ClientConnection) -> int:
    """The process at the other end of a connection."""
    port = socket.local_address[1]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        columns = line.split()
        if columns[2].endswith(f":{port:04X}") and columns[1].endswith(f":{server.port:04X}"):
            wanted = f"socket:[{columns[9]}]"
            break
    else:
        raise AssertionError(f"no connection from port {port}")
    for worker in server.workers():
        for descriptor in Path(f"/proc/{worker}/fd").iterdir():
            if descriptor.is_symlink() and str(descriptor.readlink()) == wanted:
                return worker
    raise AssertionError(f"no worker has the connection from port {port}")
