"""A Spica server with the application under test, for all suites of a run."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.features import has_section
from tests.processes import RunningServer, serving

FOLDER = Path(__file__).parent


def write_project(root: Path, *sections: str) -> Path:
    """A project around the application under test: nothing before its handlers, and these sections below [server]."""
    shutil.copy(FOLDER / "application.py", root)
    (root / "config").mkdir()
    (root / "config" / "routes.py").write_text("def draw(r):\n    pass\n")
    (root / "config" / "middleware.py").write_text("def draw(p):\n    pass\n")
    (root / "config" / "app.toml").write_text(f'[app]\nsecret_key = "{secrets.token_urlsafe(48)}"\n')
    if has_section("http2"):
        sections += ("[server.http2]\nenabled = true\n",)
    if has_section("websocket"):
        # The testsuite's largest messages have 16 MiB.
        sections += ("[server.websocket]\nmax_message_bytes = 16777216\n",)
    (root / "config" / "server.toml").write_text("".join(sections))
    return root


@contextlib.contextmanager
def running(root: Path) -> Iterator[RunningServer]:
    environment = {"SPICA_ENV": "production", "SPICA_CONFORMANCE_ROOT": str(root)}
    with serving(root, "application:app", "--quiet", **environment) as server:
        yield server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The application under test in cleartext."""
    with running(write_project(tmp_path_factory.mktemp("project"))) as server:
        yield server


@pytest.fixture(scope="session")
def port(server: RunningServer) -> int:
    return server.port


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subject = "-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
    made = f"-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -keyout {key} -out {certificate}"
    subprocess.run(["openssl", "req", "-x509", *subject.split(), *made.split()], check=True, timeout=30)
    return certificate, key


@pytest.fixture(scope="session")
def tls_port(certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where the application is served over TLS."""
    if not has_section("tls"):
        pytest.skip("the server does not speak TLS yet")
    paths = [json.dumps(str(path)) for path in certificate]
    section = f"[server.tls]\nenabled = true\ncert = {paths[0]}\nkey = {paths[1]}\n"
    with running(write_project(tmp_path_factory.mktemp("project"), section)) as server:
        yield server.port
