"""The official phoenix client in a real browser against our channels: each understands what the other sends."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from spica.assets.shipped import FOLDER, shipped_modules
from tests.browser.channels_app import write_app
from tests.integration.workers import Served, served
from tests.ports import reserved_port

pytestmark = pytest.mark.xdist_group("browser")
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(write_app(tmp_path_factory.mktemp("channels")), app="") as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture
def port() -> Iterator[int]:
    with reserved_port() as port:
        yield port


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    """Opens pages, each as a visitor of its own; a script's error on one of them fails the test."""
    failures: list[str] = []
    with contextlib.ExitStack() as stack:

        def open_page(url: str, *, ready: str = "window.connect !== undefined") -> Page:
            context = stack.enter_context(contextlib.closing(browser.new_context()))
            page = context.new_page()
            page.on("pageerror", lambda error: failures.append(str(error)))
            page.goto(url)
            until(page, ready)
            return page

        yield open_page
    assert failures == []


def run(page: Page, script: str, *arguments: Any) -> Any:
    """Run the statements of an async function on a page; `room` is joined on a socket by most of them."""
    return page.evaluate(f"async ([...given]) => {{ {script} }}", list(arguments))


def join(page: Page, topic: str, **params: Any) -> Any:
    """Join a topic on the page's socket, as `room` there. Returns the status and the reply."""
    script = "window.socket ??= connect(); window.room = await join(socket, given[0], given[1]); return room.answer"
    return run(page, script, topic, params)


def push(page: Page, event: str, **payload: Any) -> Any:
    return run(page, "return await ask(room.push(given[0], given[1]))", event, payload)


def until(page: Page, expression: str, wanted: object = True, timeout_s: float = 60) -> None:
    """Wait until an expression is what is wanted.

    Playwright's own waiting needs `eval`, which the policy of the pages bars.
    """
    deadline = time.monotonic() + timeout_s
    while (found := page.evaluate(expression)) != wanted:
        assert time.monotonic() < deadline, f"{expression} is {found}, not {wanted}; {page.evaluate('window.said')}"
        page.wait_for_timeout(20)


def hears(page: Page, *heard: list[Any]) -> None:
    """Wait until the room of a page has heard exactly this."""
    until(page, "room.heard.filter(([event]) => !event.startsWith('phx_'))", list(heard))


# The socket


def test_connect_takes_the_params_and_join_is_answered(url: str, visit: Open) -> None:
    page = visit(url)
    run(page, "window.socket = connect('/socket', { params: { token: 'Ada & Bob' } })")
    status, reply = join(page, "room:lobby", nickname="Ada")
    assert (status, reply["name"], reply["nickname"], reply["user"]) == ("ok", "lobby", "Ada", "Ada & Bob")


def test_a_refused_connection_is_tried_again(url: str, visit: Open) -> None:
    page = visit(url)
    run(page, "window.token = 'wrong'; window.socket = connect('/socket', { params: () => ({ token }) })")
    until(page, "said.filter((what) => what === 'closed 1006').length > 1")
    assert "open" not in run(page, "return said")
    run(page, "window.token = 'right'")
    until(page, "said.includes('open')")
    assert join(page, "room:lobby")[1]["user"] == "right"


def test_the_session_tells_who_it_is(url: str, visit: Open) -> None:
    stranger, ada = visit(url), visit(f"{url}/sign_in/Ada")
    run(stranger, "window.socket = connect('/mine')")
    until(stranger, "said.includes('closed 1006')")
    run(ada, "window.socket = connect('/mine')")
    assert join(ada, "room:lobby")[1]["user"] == "Ada"


def test_a_token_of_the_socket_is_a_subprotocol_that_is_answered(url: str, visit: Open) -> None:
    page = visit(url)
    run(page, "window.socket = connect('/socket', { authToken: 'secret?>' })")
    assert join(page, "room:lobby")[0] == "ok"
    assert run(page, "return socket.conn.protocol") == "phoenix"


def test_a_page_of_another_origin_is_refused(url: str, visit: Open, tmp_path: Path) -> None:
    shipped = FOLDER / "phoenix/public" / shipped_modules()["phoenix"].path.removeprefix("/")
    (tmp_path / "phoenix.js").write_bytes(shipped.read_bytes())
    script = f"""
import {{ Socket }} from "/phoenix.js";
window.said = [];
const socket = new Socket("{url.replace("http", "ws")}/socket", {{ reconnectAfterMs: () => 50 }});
socket.onOpen(() => said.push("open"));
socket.onClose(({{ code }}) => said.push(`closed ${{code}}`));
socket.connect();
"""
    (tmp_path / "index.html").write_text(
        f'<!doctype html><link rel="icon" href="data:"><script type="module">{script}</script>'
    )
    with another_site(tmp_path) as elsewhere:
        page = visit(elsewhere, ready="window.said?.length > 1")
        assert set(run(page, "return said")) == {"closed 1006"}


@contextlib.contextmanager
def another_site(folder: Path) -> Iterator[str]:
    """Serve a folder on another port, which makes it another origin."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_heartbeats_are_answered_while_a_handler_waits(url: str, visit: Open) -> None:
    page = visit(url)
    logger = "(kind, text) => kind === 'receive' && text.startsWith('ok phoenix phx_reply') && window.beats++"
    run(page, f"window.beats = 0; window.socket = connect('/socket', {{ heartbeatIntervalMs: 300, logger: {logger} }})")
    join(page, "room:lobby")
    run(page, "room.push('wait', {})")
    until(page, "window.beats > 2")
    assert run(page, "return said") == ["open"], "a heartbeat that is not answered in time ends the connection"


def test_disconnect_leaves_all_channels(url: str, visit: Open) -> None:
    one, two = visit(url), visit(url)
    join(one, "people:square", nickname="Ada")
    join(two, "people:square", nickname="Bob")
    run(one, "window.presence = new Presence(room)")
    run(two, "await new Promise((resolve) => socket.disconnect(resolve)); return said")
    until(one, "room.heard.some(([event, { leaves }]) => event === 'presence_diff' && !!leaves?.Bob)")


def test_a_socket_that_the_server_ends_by_its_id_comes_back(url: str, visit: Open) -> None:
    ada, bob = visit(url), visit(url)
    for page, name in ((ada, "Ada"), (bob, "Bob")):
        run(page, "window.socket = connect('/socket', { params: { token: given[0] } })", name)
        join(page, "room:cut")
    run(ada, "room.push('cut', {})")
    until(ada, "room.joins.length", 2)
    assert run(ada, "return said.filter((what) => what.startsWith('closed'))") == ["closed 1000"]
    assert push(bob, "echo", text="still here") == ["ok", {"text": "still here"}]
    assert run(bob, "return said") == ["open"]


# Joining and leaving


def test_a_refused_join_has_its_reason_and_the_socket_goes_on(url: str, visit: Open) -> None:
    page = visit(url)
    assert join(page, "room:locked") == ["error", {"reason": "this room is locked"}]
    run(page, "room.leave()")
    assert join(page, "room:open")[0] == "ok"
    assert run(page, "return said") == ["open", "room:locked closed"]


def test_a_topic_that_no_channel_has(url: str, visit: Open) -> None:
    status, reply = join(visit(url), "nothing:1")
    assert (status, reply) == ("error", {"reason": "unmatched topic"})


def test_a_channel_that_was_left_hears_nothing(url: str, visit: Open) -> None:
    one, two = visit(url), visit(url)
    join(one, "room:left")
    join(two, "room:left", nickname="Bob")
    assert run(one, "return await ask(room.leave())") == ["ok", {}]
    assert run(one, "return said") == ["open", "room:left closed"]
    push(two, "shout", text="anybody?")
    hears(two, ["shout", {"text": "anybody?", "by": "Bob"}])
    # What comes behind it on the same connection has come: the broadcast would have been there.
    run(one, "window.left = room")
    assert join(one, "room:left")[0] == "ok"
    assert run(one, "return left.heard.filter(([event]) => !event.startsWith('phx_'))") == []


def test_joining_again_replaces_the_channel(url: str, visit: Open) -> None:
    page = visit(url)
    join(page, "room:twice", nickname="first")
    run(page, "window.first = room")
    assert join(page, "room:twice", nickname="second")[1]["nickname"] == "second"
    push(page, "shout", text="once")
    hears(page, ["shout", {"text": "once", "by": "second"}])
    assert run(page, "return [first.state, room.state, first.heard.map(([event]) => event)]")[:2] == [
        "closed",
        "joined",
    ]


def test_the_server_closes_a_channel(url: str, visit: Open) -> None:
    page = visit(url)
    join(page, "room:brief")
    run(page, "room.push('end', {})")
    until(page, "said.includes('room:brief closed')")
    assert run(page, "return [room.state, socket.channels.length, socket.isConnected()]") == ["closed", 0, True]


def test_a_channel_that_crashes_is_joined_again_and_others_do_not_notice(url: str, visit: Open) -> None:
    page = visit(url)
    join(page, "room:calm")
    run(page, "window.calm = room")
    join(page, "room:wild", nickname="Ada")
    run(page, "room.push('crash', {})")
    until(page, "room.joins.length === 2")
    assert push(page, "echo", text="again") == ["ok", {"text": "again"}]
    assert run(page, "return [said, calm.joins.length, calm.state]") == [["open", "room:wild failed"], 1, "joined"]


# Pushes


def test_pushes_are_answered(url: str, visit: Open) -> None:
    page = visit(url)
    join(page, "room:talk")
    assert push(page, "echo", text='"ä" \u2028 😀') == ["ok", {"text": '"ä" \u2028 😀'}]
    assert push(page, "quiet") == ["ok", {}]
    status, response = push(page, "refuse")
    assert (status, response["reason"]) == ("error", "not like this")
    status, response = push(page, "echo", text=["no", "text"])
    assert status == "error"
    assert "text" in str(response)
    assert push(page, "unheard-of")[0] == "error"
    assert run(page, "return await ask(room.push('silent', {}, 100))")[0] == "timeout"
    assert push(page, "echo", text="still here") == ["ok", {"text": "still here"}]
    assert run(page, "return said") == ["open"], "none of this ended the channel"


def test_pushes_made_before_the_join_was_answered_wait_for_it(url: str, visit: Open) -> None:
    page = visit(url)
    script = """
    const room = connect().channel("room:early", {});
    room.join();
    return await Promise.all([1, 2, 3].map((n) => ask(room.push("echo", { text: `${n}` }))));
    """
    assert run(page, script) == [["ok", {"text": f"{n}"}] for n in (1, 2, 3)]


def test_broadcasts_reach_every_page_that_joined(url: str, visit: Open) -> None:
    one, two, elsewhere = visit(url), visit(url), visit(url)
    for page, topic, name in ((one, "room:wide", "Ada"), (two, "room:wide", "Bob"), (elsewhere, "room:far", "Eve")):
        join(page, topic, nickname=name)
    for number in range(3):
        assert push(one, "shout", text=f"{number}") == ["ok", {}]
    shouts = [["shout", {"text": f"{number}", "by": "Ada"}] for number in range(3)]
    hears(one, *shouts)
    hears(two, *shouts)
    push(two, "whisper", text="psst")
    hears(two, *shouts, ["whisper", {"text": "psst"}])
    hears(one, *shouts, ["whisper", {"text": "others: psst"}])
    push(elsewhere, "shout", text="hello?")
    hears(elsewhere, ["shout", {"text": "hello?", "by": "Eve"}])
    hears(one, *shouts, ["whisper", {"text": "others: psst"}])


def test_an_event_without_a_payload_has_an_empty_one(url: str, visit: Open) -> None:
    page = visit(url)
    run(page, "window.socket = connect('/socket', { logger: () => {} })")  # which reads members of each payload
    join(page, "room:bare")
    push(page, "bare")
    hears(page, ["bare", {}])


def test_octets(url: str, visit: Open) -> None:
    one, two = visit(url), visit(url)
    join(one, "room:octets")
    join(two, "room:octets")
    answer = run(
        one,
        """
        const [status, reply] = await ask(room.push("octets", octets(0, 255)));
        return [status, [...new Uint8Array(reply)]];
        """,
    )
    assert answer == ["ok", [0, 255, 1]]
    hears(one, ["pushed", [0, 255, 2]], ["octets", [0, 255, 3]])
    hears(two, ["octets", [0, 255, 3]])


# Presence


def test_presence_over_two_pages(url: str, visit: Open) -> None:
    one, two = visit(url), visit(url)
    watching = """
    window.socket = connect();
    const channel = socket.channel("people:park", given[0]);
    window.presence = new Presence(channel);
    window.happened = [];
    presence.onJoin((name, before, now) => happened.push(`+ ${name}${before ? " again" : ""}`));
    presence.onLeave((name, now) => happened.push(`- ${name}${now.metas.length ? " but is here" : ""}`));
    const moods = (name, { metas }) => [name, metas.map((meta) => meta.mood)];
    presence.onSync(() => (window.here = Object.fromEntries(presence.list(moods))));
    window.room = channel;
    return (await ask(channel.join()))[0];
    """
    assert run(one, watching, {"nickname": "Ada"}) == "ok"
    sees(one, {"Ada": ["fine"]})
    assert run(two, watching, {"nickname": "Bob", "mood": "tired"}) == "ok"
    for page in (one, two):
        sees(page, {"Ada": ["fine"], "Bob": ["tired"]})
    push(two, "feel", mood="awake")
    for page in (one, two):
        sees(page, {"Ada": ["fine"], "Bob": ["awake"]})
    run(one, "await ask(room.leave())")
    sees(two, {"Bob": ["awake"]})
    run(one, watching, {"nickname": "Bob"})
    sees(two, {"Bob": ["awake", "fine"]})
    one.close()
    sees(two, {"Bob": ["awake"]})
    happened = run(two, "return happened")
    assert happened[0] == "+ Ada"
    assert happened[-2:] == ["+ Bob again", "- Bob but is here"]
    assert "- Ada" in happened


def sees(page: Page, people: dict[str, list[str]]) -> None:
    """Wait until a page's presence list is this one, whatever the order of the names."""
    until(page, "window.here ?? null", people)


# The server goes away


def test_a_reload_and_a_killed_worker_are_survived(tmp_path: Path, visit: Open) -> None:
    with served(write_app(tmp_path), "--workers", "2", app="") as server:
        one, two = (visit(f"http://127.0.0.1:{server.port}") for _ in range(2))
        join(one, "room:lasting", nickname="Ada")
        join(two, "room:lasting", nickname="Bob")
        talk(one, two, "before")

        before = server.workers()
        server.process.send_signal(signal.SIGHUP)
        for page in (one, two):
            await_rejoin(page, server, before)
        talk(one, two, "after a reload")

        victim = pid_of(one)
        os.kill(victim, signal.SIGKILL)
        until(one, f"room.joins.at(-1).pid !== {victim}")
        assert pid_of(one) in server.workers()
        talk(one, two, "after a kill")


def test_a_server_that_is_started_again_is_found(tmp_path: Path, port: int, visit: Open) -> None:
    folder = write_app(tmp_path)
    with served(folder, "--bind", f"127.0.0.1:{port}", app="") as server:
        assert server.port == port  # it says so once it listens
        page = visit(f"http://127.0.0.1:{port}")
        join(page, "room:lasting")
        assert server.end() == 0
    until(page, "said.filter((what) => what.startsWith('closed')).length > 2")
    assert run(page, "return [said[1], said[2]]") == ["room:lasting failed", "closed 1001"]
    with served(folder, "--bind", f"127.0.0.1:{port}", app=""):
        until(page, "room.joins.length === 2")
        assert push(page, "echo", text="back") == ["ok", {"text": "back"}]


def pid_of(page: Page) -> int:
    """The process that the page's room was joined in last."""
    return int(run(page, "return room.joins.at(-1).pid"))


def await_rejoin(page: Page, server: Served, before: set[int]) -> None:
    """Wait until a page's room was joined in a worker that is none of these."""
    until(page, f"{sorted(before)}.includes(room.joins.at(-1).pid)", wanted=False)
    assert pid_of(page) in server.workers()


def talk(one: Page, two: Page, text: str) -> None:
    """What each of them says, both hear."""
    for speaker in (one, two):
        assert push(speaker, "shout", text=text)[0] == "ok"
        for page in (one, two):
            until(page, f"room.heard.filter(([, said]) => said.text === {json.dumps(text)}).length", 1)
        for page in (one, two):
            run(page, "room.heard = []")
