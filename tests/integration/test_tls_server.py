"""`spica server` with TLS: typed, configured, by several workers; what is wrong with a certificate."""

from __future__ import annotations

import http.client
import os
import ssl
from pathlib import Path

import pytest

from spica import _core
from spica.server import certificates
from tests.processes import RunningServer, run_command, started

APP = """
import os
from spica import App, Context

app = App()


@app.get("/")
def hello(context: Context) -> dict:
    return {"scheme": context.request.scheme, "pid": os.getpid()}
"""
ANNOUNCED = r"https://[\d.]+:(\d+)"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def command(*arguments: str) -> list[str]:
    return [str(Path(os.sys.executable).with_name("spica")), "server", *arguments, "--port", "0", "--quiet"]  # type: ignore[attr-defined]


def fetch(server: RunningServer, chain: Path) -> http.client.HTTPResponse:
    context = ssl.create_default_context(cafile=str(chain))
    connection = http.client.HTTPSConnection("localhost", server.port, context=context, timeout=10)
    connection.request("GET", "/")
    return connection.getresponse()


def write_certificate(folder: Path, name: str = "localhost") -> None:
    chain, key = _core.self_signed_certificate([name])
    folder.mkdir(exist_ok=True)
    (folder / "chain.pem").write_text(chain)
    (folder / "key.pem").write_text(key)


def test_a_certificate_for_development_is_made_once(project: Path) -> None:
    kept = []
    for _ in range(2):
        with started(command("app:app", "--tls-self-signed"), project, ANNOUNCED) as server:
            answer = fetch(server, project / "tmp/tls/self-signed.pem")
            assert b'"scheme":"https"' in answer.read()
        kept.append((project / "tmp/tls/self-signed.pem").read_text())
    assert kept[0] == kept[1]
    assert (project / "tmp/tls/self-signed.key").stat().st_mode & 0o777 == 0o600


def test_workers_serve_tls_from_the_configuration_and_resume_each_others_sessions(project: Path) -> None:
    write_certificate(project / "tls")
    (project / "config").mkdir()
    (project / "config/server.toml").write_text(
        '[server]\nworkers = 2\n[server.tls]\nenabled = true\ncert = "tls/chain.pem"\nkey = "tls/key.pem"\n'
    )
    with started(command("app:app"), project, ANNOUNCED) as server:
        assert b'"scheme":"https"' in fetch(server, project / "tls/chain.pem").read()


@pytest.mark.parametrize(
    ("chain", "key", "what"),
    [
        ("nowhere.pem", "tls/key.pem", "nowhere.pem"),
        ("tls/chain.pem", "other/key.pem", "key"),
        ("app.py", "tls/key.pem", "app.py"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said_with_its_file(project: Path, chain: str, key: str, what: str) -> None:
    write_certificate(project / "tls")
    write_certificate(project / "other")
    done = run_command("server", "app:app", "--tls-cert", chain, "--tls-key", key, cwd=project, check=False)
    assert done.returncode == 1
    assert "SPICA-S008" in done.stderr
    assert what in done.stderr
    assert "fix" in done.stderr
    assert "Traceback" not in done.stderr


def test_tls_without_a_certificate_is_a_mistake(project: Path) -> None:
    (project / "config").mkdir()
    (project / "config/server.toml").write_text("[server.tls]\nenabled = true\n")
    done = run_command("server", "app:app", cwd=project, check=False)
    assert done.returncode == 1
    assert "names no certificate" in done.stderr


def test_options_that_exclude_each_other(project: Path) -> None:
    done = run_command("server", "--tls-key", "x", cwd=project, check=False)
    assert (done.returncode, "--tls-cert" in done.stderr) == (2, True)
    done = run_command("server", "--tls-cert", "x", "--tls-self-signed", cwd=project, check=False)
    assert (done.returncode, "choose" in done.stderr) == (2, True)


async def test_promise_14_files_that_change_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import asyncio

    monkeypatch.setattr(certificates, "LOOK_S", 0.01)
    write_certificate(tmp_path / "tls")
    pair = (str(tmp_path / "tls/chain.pem"), str(tmp_path / "tls/key.pem"))
    acceptor = certificates.build_acceptor([pair], "1.2", [], http2=False)
    with certificates.watched_certificates(acceptor, [pair]):
        write_certificate(tmp_path / "tls", "example.com")
        async with asyncio.timeout(30):
            while acceptor.certificates[0][1] != ["example.com"]:  # noqa: ASYNC110 - the watch has no event for tests
                await asyncio.sleep(0.01)
        (tmp_path / "tls/key.pem").write_text("nonsense")
        async with asyncio.timeout(30):
            while "the old certificates stay in use" not in capsys.readouterr().err:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
    assert acceptor.certificates[0][1] == ["example.com"]
