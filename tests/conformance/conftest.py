"""A Spica server with the application under test, for all suites of a run."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.features import tls_settings
from tests.processes import RunningServer, serving

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    with serving(FOLDER, "application:app", "--quiet", SPICA_ENV="production") as running:
        yield running


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
    keys = tls_settings(*certificate)
    if keys is None:
        pytest.skip("the server does not speak TLS yet")
    root = tmp_path_factory.mktemp("project")
    (root / "config").mkdir()
    lines = [f"{name} = {json.dumps(value)}" for name, value in keys.items()]
    (root / "config" / "server.toml").write_text("\n".join(["[server]", *lines, ""]))
    (root / "config" / "app.toml").write_text(f'[app]\nsecret_key = "{"conformance-" * 4}"\n')
    environment = {"SPICA_ENV": "production", "SPICA_CONFORMANCE_ROOT": str(root)}
    with serving(FOLDER, "application:app", "--quiet", **environment) as running:
        yield running.port
