"""spica.app.origins: which pages may open a WebSocket, and what the log says of one that may not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spica import App, Socket, WebSocket
from spica.app.origins import MAX_TOLD, OriginCheck, RefusedOrigins
from spica.telemetry import logs
from spica.testing.websocket import SocketRefused
from tests.requests import make_request
from tests.serving import open_client

EVIL = "https://evil.example"


@pytest.fixture(autouse=True)
def lines_for_machines() -> Iterator[None]:
    before = dict(logs._settings)
    logs.configure(format="json")
    yield
    logs._settings.update(before)
    logs._base_logger.cache_clear()


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]


def check(
    *allowed: str, where: str = "config/routes.py:7", development: bool = True, clock: Any = lambda: 0.0
) -> OriginCheck:
    return OriginCheck(allowed, where, RefusedOrigins(development=development, clock=clock))


def ask(checked: OriginCheck, origin: str, *, scheme: str = "http", host: str = "shop.example") -> int:
    request = make_request("GET", "/socket", {"origin": origin}, scheme=scheme, host=host)
    answer = checked.refuse(request.native)
    return 101 if answer is None else answer.status


def test_a_refusal_names_the_origin_those_that_may_and_what_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(check(), EVIL) == 403
    [line] = told(capsys)
    assert line.pop("timestamp")
    assert line == {
        "event": "WebSocket refused",
        "level": "warning",
        "path": "/socket",
        "status": 403,
        "reason": "the page is of another origin",
        "origin": EVIL,
        "allowed": "its own, http or https://shop.example",
        "fix": f'if the page is yours, write origins=["{EVIL}"] at config/routes.py:7, or origins under '
        "[server.websocket]; if it is of this application, have the proxy in front pass the Host field on",
    }


def test_where_origins_are_listed_the_fix_is_to_add_it_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(check("https://shop.example", where="origins under [server.websocket]"), EVIL) == 403
    [line] = told(capsys)
    assert line["allowed"] == "https://shop.example"
    assert line["fix"] == f'if the page is yours, add "{EVIL}" to origins under [server.websocket]'


@pytest.mark.parametrize(
    ("origin", "scheme", "fix"),
    [
        ("null", "http", "open the page from a server: a file, or a frame in a sandbox, is of no origin"),
        ("http://shop.example", "https", "open the page by https"),
    ],
)
def test_no_fix_lets_in_what_can_not_be_named(
    origin: str, scheme: str, fix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(check(), origin, scheme=scheme) == 403
    [line] = told(capsys)
    assert line["fix"] == fix


def test_pages_that_may_are_no_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert [ask(check(), f"{scheme}://shop.example") for scheme in ("http", "https")] == [101, 101]
    assert ask(check("*"), EVIL) == 101
    assert ask(check(EVIL), EVIL) == 101
    assert told(capsys) == []


def test_an_origin_is_told_once_outside_of_development(capsys: pytest.CaptureFixture[str]) -> None:
    for development, lines in ((True, 3), (False, 1)):
        checked = check(development=development)
        assert [ask(checked, EVIL) for _ in range(3)] == [403] * 3
        assert len(told(capsys)) == lines


def test_who_sends_many_origins_does_not_fill_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    checked = check(development=False, clock=lambda: now[0])
    for number in range(3 * MAX_TOLD):
        assert ask(checked, f"https://{number}.example") == 403
    lines = told(capsys)
    assert len(lines) == MAX_TOLD + 1
    assert [line["event"] for line in lines if "origin" not in line] == [
        "WebSockets refused for their origin are not told for an hour: there are too many"
    ]
    now[0] = 3_600.0
    assert ask(checked, EVIL) == 403
    assert [line["origin"] for line in told(capsys)] == [EVIL]


def test_a_long_origin_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(check(), "https://" + "x" * 5_000) == 403
    [line] = told(capsys)
    assert len(str(line)) < 1_500


def test_a_long_path_and_host_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    request = make_request("GET", "/" + "p" * 5_000, {"origin": EVIL}, host="h" * 5_000)
    assert check().refuse(request.native) is not None
    [line] = told(capsys)
    assert len(line["path"]) == 255
    assert len(str(line)) < 1_500


def test_origins_that_differ_behind_the_cut_are_one(capsys: pytest.CaptureFixture[str]) -> None:
    checked = check(development=False)
    assert [ask(checked, "https://" + "x" * 300 + str(number)) for number in range(3)] == [403] * 3
    assert len(told(capsys)) == 1


@pytest.mark.parametrize("env", ["development", "production"])
async def test_a_foreign_page_is_refused_before_anything_runs_and_is_a_line(
    env: str, capsys: pytest.CaptureFixture[str]
) -> None:
    app = App(env=env, pubsub="memory")
    connected: list[str] = []

    @app.ws("/live")
    async def live(socket: WebSocket) -> None:
        connected.append("live")

    @app.ws("/listed", origins=["https://shop.example"])
    async def listed(socket: WebSocket) -> None:
        connected.append("listed")

    @app.socket("/socket")
    class UserSocket(Socket):
        def connect(self) -> None:
            connected.append("socket")

    async with open_client(app) as client:
        for path in ("/live", "/listed", "/socket", "/socket/websocket"):
            with pytest.raises(SocketRefused, match="403: 403 Forbidden: pages of this origin") as refused:
                await client.socket(path, headers={"origin": EVIL}).__aenter__()
            assert refused.value.response.headers["x-content-type-options"] == "nosniff"
    assert connected == []
    lines = [line for line in told(capsys) if line["event"] == "WebSocket refused"]
    assert [line["path"] for line in lines][:3] == ["/live", "/listed", "/socket"]
    file = Path(__file__).name
    assert lines[0]["fix"].startswith(f'if the page is yours, write origins=["{EVIL}"] at tests/unit/app/{file}:')
    assert lines[1]["fix"].startswith(f'if the page is yours, add "{EVIL}" to origins at tests/unit/app/{file}:')


async def test_origins_of_the_configuration_are_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "config" / "server.toml").write_text('[server.websocket]\norigins = ["https://shop.example"]\n')
    (project / "config" / "routes.py").write_text(
        "async def live(socket):\n    await socket.accept()\n\ndef draw(r):\n    r.ws('/live', live)\n"
    )
    async with open_client(App(root=project, env="test")) as client:
        async with client.socket("/live", headers={"origin": "https://shop.example"}):
            pass
        with pytest.raises(SocketRefused):
            await client.socket("/live", headers={"origin": "http://test.host"}).__aenter__()
    [line] = [line for line in told(capsys) if line["event"] == "WebSocket refused"]
    assert line["fix"] == 'if the page is yours, add "http://test.host" to origins under [server.websocket]'
