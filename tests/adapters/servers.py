"""Servers that the suites need: this run's own, or for databases one that is there already."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from spica.db.engine import Database
from spica.db.errors import DatabaseError
from tests.ports import reserved_port

PATIENCE_S = 60
"""For what takes a second on an idle machine."""


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """A Redis on loopback, on a port that the kernel gave. Gives its address."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    with reserved_port() as port:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        process = subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            if not any("Ready to accept connections" in line for line in process.stdout):
                pytest.fail("redis-server did not start")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
            process.stdout.close()


class OwnServer:
    """A database server of this run that a test may stop, kill and start again: it stays on its port.

    url: of the database that every such server has; folder: where its files are.
    """

    def __init__(self, command: list[str | Path], url: str, folder: Path, stop: signal.Signals) -> None:
        self.url = url
        self.folder = folder
        self._command = command
        self._stop = stop
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        log = self.folder / "output"
        with log.open("ab") as said:
            self._process = subprocess.Popen(self._command, stdout=said, stderr=said)
        deadline = time.monotonic() + PATIENCE_S
        while problem := _problem_of(self.url):
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"it did not start: {self._command}\n{problem}\n{log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.05)  # a server of another process gives no event to wait for

    def ensure(self) -> None:
        """Start it unless it runs."""
        if self._process is None or self._process.poll() is not None:
            self.start()

    def stop(self) -> None:
        """Stop it, as an administrator does; one that was never started has nothing to stop."""
        if self._process is not None:
            self._process.send_signal(self._stop)
            self._process.wait(PATIENCE_S)

    def kill(self) -> None:
        """End all its processes at once, as a loss of power does; one that outlived the first would still answer."""
        assert self._process is not None
        everyone = self._all()
        for pid in everyone:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(PATIENCE_S)
        deadline = time.monotonic() + PATIENCE_S
        while any(_state_of(Path(f"/proc/{pid}")) not in "ZX" for pid in everyone):
            assert time.monotonic() < deadline, "it lives on"
            time.sleep(0.01)  # they are the children of another process now

    def freeze(self) -> None:
        """Stop all its processes where they are, until `thaw`; returns when every thread stands still."""
        deadline = time.monotonic() + PATIENCE_S
        self._send_to_all(signal.SIGSTOP)
        while any(_state_of(task) not in "TtZX" for pid in self._all() for task in _tasks_of(pid)):
            assert time.monotonic() < deadline, "it goes on"
            time.sleep(0.01)  # the kernel tells nobody but the parent, and that only of the process as a whole
            self._send_to_all(signal.SIGSTOP)  # one may have been made while the others were told

    def thaw(self) -> None:
        """Let them go on."""
        self._send_to_all(signal.SIGCONT)

    def _send_to_all(self, number: signal.Signals) -> None:
        for process in self._all():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)

    def _all(self) -> list[int]:
        assert self._process is not None
        own = self._process.pid
        return [own, *map(int, Path(f"/proc/{own}/task/{own}/children").read_text().split())]


def _state_of(task: Path) -> str:
    """The letter of a thread's or process's state, proc(5); X for one that has gone meanwhile."""
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def _tasks_of(pid: int) -> list[Path]:
    """The threads of a process; none when it has gone meanwhile."""
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []


@contextmanager
def running_postgresql() -> Iterator[str]:
    """A PostgreSQL that may make databases: that of PG... variables, that on the standard port, or one of this run.

    Gives the URL of its database `postgres`.
    """
    host, port = os.environ.get("PGHOST", "127.0.0.1"), os.environ.get("PGPORT", "5432")
    user, password = os.environ.get("PGUSER", "postgres"), os.environ.get("PGPASSWORD", "")
    if "PGHOST" in os.environ or answers(host, port):
        yield _server_url("postgresql", user, password, host, port, "postgres")
        return
    with own_postgresql() as server:
        yield server.url


@contextmanager
def own_postgresql(*, tls: bool = False) -> Iterator[OwnServer]:
    """A PostgreSQL of this run, of Debian's package. Args: tls: with a certificate for localhost in `server.crt`."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("no PostgreSQL: none is running at PGHOST or 127.0.0.1:5432, Debian's postgresql is not installed")
    binaries = programs[-1].parent
    with own_folder("postgres", tls=tls) as (folder, prefix), reserved_port() as port:
        subprocess.run(
            [*prefix, binaries / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off"]
        if tls:
            settings += ["ssl=on", f"ssl_cert_file={folder}/server.crt", f"ssl_key_file={folder}/server.key"]
        command = [*prefix, binaries / "postgres", "-D", folder / "data", "-p", str(port)]
        command += [word for setting in settings for word in ("-c", setting)]
        url = _server_url("postgresql", "postgres", "", "127.0.0.1", str(port), "postgres")
        with _running(OwnServer(command, url, folder, signal.SIGINT)) as server:
            yield server


@contextmanager
def running_mariadb() -> Iterator[str]:
    """A MariaDB that may make databases: that of MYSQL_... variables, that on the standard port, or one of this run.

    Gives the URL of its database `mysql`.
    """
    host, port = os.environ.get("MYSQL_HOST", "127.0.0.1"), os.environ.get("MYSQL_TCP_PORT", "3306")
    user, password = os.environ.get("MYSQL_USER", "root"), os.environ.get("MYSQL_PWD", "")
    if "MYSQL_HOST" in os.environ or answers(host, port):
        yield _server_url("mariadb", user, password, host, port, "mysql")
        return
    with own_mariadb() as server:
        yield server.url


@contextmanager
def own_mariadb(*, tls: bool = False) -> Iterator[OwnServer]:
    """A MariaDB of this run, of Debian's package. Args: tls: with a certificate for localhost in `server.crt`."""
    install = shutil.which("mariadb-install-db")
    program = shutil.which("mariadbd", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if install is None or program is None:
        pytest.skip("no MariaDB: none is running at MYSQL_HOST or 127.0.0.1:3306, Debian's mariadb-server is missing")
    with own_folder("mysql", tls=tls) as (folder, prefix), reserved_port() as port:
        common = ["--no-defaults", f"--datadir={folder}/data", "--innodb-flush-log-at-trx-commit=0"]
        common.append(f"--tmpdir={folder}")  # a server that starts removes the temporary tables of all that share one
        common.append("--innodb-use-native-aio=0")  # the kernel's contexts are few, and every server takes thousands
        made = subprocess.run(
            [*prefix, install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert made.returncode == 0, f"mariadb-install-db:\n{made.stdout[-3000:]}"
        options = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/s", f"--pid-file={folder}/pid"]
        if tls:
            options += [f"--ssl-cert={folder}/server.crt", f"--ssl-key={folder}/server.key"]
        url = _server_url("mariadb", "root", "", "127.0.0.1", str(port), "mysql")
        with _running(OwnServer([*prefix, program, *common, *options], url, folder, signal.SIGTERM)) as server:
            yield server


def _server_url(scheme: str, user: str, password: str, host: str, port: str, name: str) -> str:
    credentials = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    if host.startswith("/"):
        return f"{scheme}://{credentials}@/{name}?host={quote(host, safe='')}"
    return f"{scheme}://{credentials}@{host}:{port}/{name}"


def answers(host: str, port: str) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


def _problem_of(url: str) -> DatabaseError | None:
    """Why the server at a URL takes no statement; None when it does."""

    async def ask() -> None:
        database = Database(f"{url}?connect_timeout_ms=5000")
        try:
            await database.query("select 1")
        finally:
            await database.close()

    with ThreadPoolExecutor() as aside:  # pytest's own loop must not notice
        try:
            aside.submit(asyncio.run, ask()).result()
        except DatabaseError as problem:
            return problem
    return None


@contextmanager
def own_folder(user: str, *, tls: bool = False) -> Iterator[tuple[Path, list[str]]]:
    """A folder for a server, and what to put before a command that root may not run: it runs as a user of the system.

    Not one of pytest's: those may be entered by their owner only.
    """
    with tempfile.TemporaryDirectory(prefix="spica-server-", ignore_cleanup_errors=True) as name:
        folder, prefix = Path(name), []
        if tls:
            subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
            files = ["-keyout", folder / "server.key", "-out", folder / "server.crt"]
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files],
                check=True,
                capture_output=True,
            )
        if os.geteuid() == 0:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, user)
            prefix = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"]
        yield folder, prefix


@contextmanager
def _running(server: OwnServer) -> Iterator[OwnServer]:
    try:
        server.start()
        yield server
    finally:
        server.stop()
