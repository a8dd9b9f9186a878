"""`spica audit` as it is typed, with pip-audit as it is: an OSV on loopback, and PyPI behind a proxy on loopback.

What is installed is what the tests run in, and two packages of a folder on PYTHONPATH. The advisories are the real ones
of python-jose 3.3.0, in the form in which OSV and PyPI give them.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from spica import _core
from spica.audit.errors import LookupFailed
from spica.audit.pip_audit import look_up
from tests.ports import reserved_port
from tests.processes import run_command

CONFUSION, BOMB = "CVE-2024-33663", "CVE-2024-33664"
OSV_ANSWER = {
    "vulns": [
        {
            "id": "GHSA-6c5p-j8vq-pqhj",
            "summary": "python-jose algorithm confusion with OpenSSH ECDSA keys",
            "aliases": [CONFUSION, "PYSEC-2024-232"],
            "modified": "2025-02-18T19:14:26.110441Z",
            "published": "2024-04-26T00:30:35Z",
            "schema_version": "1.7.3",
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": "python-jose", "purl": "pkg:pypi/python-jose"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.4.0"}]}],
                    "versions": ["3.2.0", "3.3.0"],
                }
            ],
        },
        {
            "id": "GHSA-cjwg-qfpm-7377",
            "details": "python-jose denial of service via compressed JWE content. " * 5_000,  # more than a pipe holds
            "aliases": [BOMB],
            "published": "2024-04-26T00:30:35Z",
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": "python-jose"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.4.0"}]}],
                }
            ],
        },
        {"id": "PYSEC-2024-1", "schema_version": "2.0.0", "affected": []},
    ]
}
PYPI_ANSWER = {
    "info": {"name": "python-jose", "version": "3.3.0"},
    "vulnerabilities": [
        {
            "id": "PYSEC-2024-232",
            "aliases": [CONFUSION],
            "details": "python-jose through 3.3.0 has algorithm confusion with OpenSSH ECDSA keys.",
            "summary": None,
            "fixed_in": ["3.4.0"],
            "link": "https://osv.dev/vulnerability/PYSEC-2024-232",
            "source": "osv",
            "withdrawn": None,
        }
    ],
}
Answer = Callable[[str, dict[str, Any]], tuple[int, bytes]]


class Handler(BaseHTTPRequestHandler):
    """OSV's POST /v1/query, PyPI's GET /pypi/NAME/VERSION/json, and the CONNECT of a proxy in front of the latter."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    answer: Answer
    tls: ssl.SSLContext

    def do_CONNECT(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        self.connection = self.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")  # type: ignore[assignment]
        self.close_connection = False

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.reply(asked["package"]["name"], asked)

    def do_GET(self) -> None:
        self.reply(self.path.split("/")[2], {})

    def reply(self, name: str, asked: dict[str, Any]) -> None:
        status, content = type(self).answer(name, asked)
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def answering(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve until the block ends; gives the port."""
    kind = type("Given", (Handler,), {"answer": staticmethod(answer), "tls": tls})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def osv(name: str, asked: dict[str, Any]) -> tuple[int, bytes]:
    is_asked = asked == {"package": {"name": "python-jose", "ecosystem": "PyPI"}, "version": "3.3.0"}
    return 200, json.dumps(OSV_ANSWER if is_asked else {}).encode()


def pypi(name: str, _: object) -> tuple[int, bytes]:
    if name == "our-own-package":
        return 404, b'{"message": "Not Found"}'
    return 200, json.dumps(PYPI_ANSWER if name == "python-jose" else {"vulnerabilities": []}).encode()


@pytest.fixture(scope="module")
def osv_port() -> Iterator[int]:
    with answering(osv) as port:
        yield port


@pytest.fixture(scope="module")
def closed_port() -> Iterator[int]:
    """Where nobody listens."""
    with reserved_port() as port:
        yield port


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, closed_port: int) -> dict[str, str]:
    """Variables with two more installed packages, no cache of other runs, and no way out."""
    folder = tmp_path_factory.mktemp("installed")
    for name, version in (("python_jose", "3.3.0"), ("our_own_package", "0.1.0")):
        info = folder / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n", "utf-8"
        )
    nowhere = f"http://127.0.0.1:{closed_port}"
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")])),
        "XDG_CACHE_HOME": str(folder / "cache"),
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy"), nowhere),  # in small letters they win where both are set
        **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1"),
        "COLUMNS": "100",
        "PIP_AUDIT_OUTPUT": str(folder / "elsewhere"),
        "PIP_AUDIT_FORMAT": "markdown",
    }


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name, text in {
        "main.py": "from pathlib import Path\nfrom spica import App\napp = App(root=Path(__file__).parent)\n",
        "config/routes.py": "def draw(r):\n    pass\n",
        # What this machine lacks for production stops nothing.
        "config/app.toml": '[app]\nname = "shop"\n[app.production]\nsecret_key = "${SPICA_SECRET_KEY}"\n',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def service(port: int) -> str:
    return f"http://127.0.0.1:{port}/v1/query"


def test_a_vulnerable_package_is_told_with_what_to_type(shop: Path, osv_port: int, environment: dict[str, str]) -> None:
    (shop / "app/views").mkdir(parents=True)
    (shop / "app/views/note.html").write_text("<p>\n{{ raw(note) }}\n")
    done = run_command("audit", cwd=shop, check=False, SPICA__AUDIT__SERVICE=service(osv_port), **environment)
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    blocks = done.stdout.split("\n\n")
    assert blocks[0].splitlines()[:-1] == [
        "PACKAGE      VERSION  ADVISORY        FIXED IN  FIX",
        "python-jose  3.3.0    CVE-2024-33663  3.4.0     pip install 'python-jose~=3.4.0'",
        "  python-jose algorithm confusion with OpenSSH ECDSA keys",
        "python-jose  3.3.0    CVE-2024-33664  3.4.0",
    ]
    assert blocks[0].splitlines()[-1].startswith("  python-jose denial of service via compressed JWE content.")
    assert max(map(len, blocks[0].splitlines())) <= 100
    # An advisory that pip-audit can't read is not passed over in silence.
    assert blocks[1] == "pip-audit warns\n  Unsupported OSV schema version: 2.0.0"
    assert blocks[2].startswith("warning  SPICA-K007  raw(…) writes a value without escaping it")
    assert "app/views/note.html:2" in blocks[2]
    assert blocks[3].endswith(" packages looked up: 2 known vulnerabilities; in the project's code: 1 warning\n")


def test_the_report_as_data(shop: Path, osv_port: int, environment: dict[str, str]) -> None:
    (shop / "uv.lock").touch()
    done = run_command("audit", "--json", cwd=shop, check=False, SPICA__AUDIT__SERVICE=service(osv_port), **environment)
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["vulnerabilities"][0] == {
        "package": "python-jose",
        "version": "3.3.0",
        "advisory": CONFUSION,
        "aliases": ["GHSA-6c5p-j8vq-pqhj", "PYSEC-2024-232"],
        "about": "python-jose algorithm confusion with OpenSSH ECDSA keys",
        "url": "https://osv.dev/vulnerability/GHSA-6c5p-j8vq-pqhj",
        "fixed_in": "3.4.0",
        "command": "uv sync --upgrade-package python-jose",
    }
    assert report["packages"] > 20
    assert len(report["vulnerabilities"]) == 2
    assert (report["not_looked_up"], report["findings"], report["error"]) == ([], [], None)


def test_ignored_advisories_are_named_and_those_that_nothing_has(
    shop: Path, osv_port: int, environment: dict[str, str]
) -> None:
    (shop / "config/audit.toml").write_text(
        f'[audit]\nservice = "{service(osv_port)}"\nignore = ["{CONFUSION}", "CVE-2000-1"]\n'
    )
    done = run_command("audit", "--ignore", "GHSA-cjwg-qfpm-7377", cwd=shop, check=False, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"\n\nignored: {CONFUSION}, GHSA-cjwg-qfpm-7377\n" in done.stdout
    assert "ignored, but no package has it: CVE-2000-1" in done.stdout
    last = done.stdout.splitlines()[-1]
    assert last.endswith(" packages looked up: no known vulnerabilities; in the project's code: nothing found")
    assert run_command("audit", cwd=shop, check=False, **environment).returncode == 1


@pytest.mark.parametrize(
    ("status", "content", "why"),
    [
        (500, b"", "500 Server Error: Internal Server Error for url: "),
        (200, b"<html>Welcome to the hotel</html>", "Expecting value"),
        (None, b"", "Connection refused"),
    ],
)
def test_without_an_answer_nothing_is_called_fine(
    shop: Path, environment: dict[str, str], closed_port: int, status: int | None, content: bytes, why: str
) -> None:
    (shop / "main.py").write_text("html = Safe(f'<b>{name}</b>')\n")
    with answering(lambda *_: (status or 0, content)) as port:
        asked = service(port if status else closed_port)
        done = run_command("audit", cwd=shop, check=False, SPICA__AUDIT__SERVICE=asked, **environment)
        data = run_command("audit", "--json", cwd=shop, check=False, SPICA__AUDIT__SERVICE=asked, **environment)
    assert (done.returncode, data.returncode) == (2, 2)
    said = done.stderr.splitlines()
    assert said[0] == "SPICA-G008  the packages could not be looked up, so nothing is known of them"
    assert said[1] == f"  where  {asked}"
    assert said[2].startswith("  why    ")
    assert why in said[2]
    assert "SPICA-K007" in done.stdout  # what is known is told
    assert done.stdout.endswith("\n\nthe packages were not looked up; in the project's code: 1 warning\n")
    report = json.loads(data.stdout)
    assert (report["packages"], report["vulnerabilities"], report["not_looked_up"]) == (None, None, None)
    assert report["error"]["code"] == "SPICA-G008"
    assert len(report["findings"]) == 1


@pytest.fixture
def proxied(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[[Answer], dict[str, str]]]:
    """Variables by which pypi.org is a server of ours."""
    chain, key = _core.self_signed_certificate(["pypi.org"])
    (tmp_path / "chain.pem").write_text(chain)
    (tmp_path / "key.pem").write_text(key)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "chain.pem", tmp_path / "key.pem")
    with contextlib.ExitStack() as stack:

        def serve(answer: Answer) -> dict[str, str]:
            proxy = f"http://127.0.0.1:{stack.enter_context(answering(answer, tls))}"
            bundle = str(tmp_path / "chain.pem")
            return {**environment, "HTTPS_PROXY": proxy, "https_proxy": proxy, "REQUESTS_CA_BUNDLE": bundle}

        yield serve


def test_pypi_is_asked_by_default_and_a_package_that_it_does_not_know_is_named(
    shop: Path, proxied: Callable[[Answer], dict[str, str]]
) -> None:
    done = run_command("audit", cwd=shop, check=False, **proxied(pypi))
    assert done.returncode == 1, done.stderr
    assert "python-jose  3.3.0    CVE-2024-33663  3.4.0     pip install 'python-jose~=3.4.0'" in done.stdout
    assert "not looked up: 1 package\n  our-own-package 0.1.0  Dependency not found on PyPI" in done.stdout


def test_a_package_of_ones_own_is_no_finding(shop: Path, proxied: Callable[[Answer], dict[str, str]]) -> None:
    done = run_command("audit", "--ignore", CONFUSION, cwd=shop, check=False, **proxied(pypi))
    assert done.returncode == 0, done.stderr
    assert "our-own-package 0.1.0" in done.stdout


def test_a_pypi_that_knows_no_package_is_no_answer(shop: Path, proxied: Callable[[Answer], dict[str, str]]) -> None:
    done = run_command("audit", cwd=shop, check=False, **proxied(lambda *_: (404, b"")))
    assert done.returncode == 2
    assert "no package was found there" in done.stderr
    assert "fix    " in done.stderr


def test_what_can_not_be_read_is_not_exit_code_1(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = run_command("audit", cwd=tmp_path_factory.mktemp("outside"), check=False)
    assert (outside.returncode, outside.stdout) == (2, "")
    assert "there is no Spica project" in outside.stderr
    (shop / "config/audit.toml").write_text('[audit]\nservice = "safety"\n')
    wrong = run_command("audit", cwd=shop, check=False)
    assert wrong.returncode == 2
    assert "config/audit.toml:2" in wrong.stderr
    assert "for example pypi, osv, https://" in wrong.stderr


def test_each_package_that_was_looked_up_is_told_of(
    osv_port: int, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done: list[str] = []
    packages, _ = look_up(service(osv_port), done.append)
    assert {"python-jose", "our-own-package"} <= set(done)
    assert len(done) == len(packages)


def test_who_stops_waiting_leaves_no_process_behind(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    started: list[subprocess.Popen[str]] = []
    first, is_over = threading.Event(), threading.Event()

    class Watched(subprocess.Popen[str]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    def answer_once(*_: object) -> tuple[int, bytes]:
        if first.is_set():
            is_over.wait(30)
        first.set()
        return 200, b"{}"

    def leave(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("spica.audit.pip_audit.subprocess.Popen", Watched)
    with answering(answer_once) as port:
        try:
            with pytest.raises(KeyboardInterrupt):
                look_up(service(port), leave)
            assert [process.poll() for process in started] == [-signal.SIGKILL]
        finally:
            is_over.set()


def test_the_service_that_did_not_answer_is_named(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(LookupFailed, match="could not be looked up") as caught:
        look_up("pypi")
    assert caught.value.where == "https://pypi.org"
    assert "pypi.org" in caught.value.why
    assert "SPICA__AUDIT__SERVICE=osv spica audit" in caught.value.fix
