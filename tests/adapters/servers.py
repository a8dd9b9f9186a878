"""Servers that the suites need: this run's own, or for databases one that is there already."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """A Redis on loopback, on a port that the kernel gave. Gives its address."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        if not any("Ready to accept connections" in line for line in process.stdout):
            pytest.fail("redis-server did not start")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@contextmanager
def running_postgresql(folder: Path) -> Iterator[str]:
    """A PostgreSQL that may make databases: that of PG... variables, that on the standard port, or one of this run.

    Gives the URL of its database `postgres`.
    """
    host, port = os.environ.get("PGHOST", "127.0.0.1"), os.environ.get("PGPORT", "5432")
    user, password = os.environ.get("PGUSER", "postgres"), os.environ.get("PGPASSWORD", "")
    if "PGHOST" in os.environ or _answers(host, port):
        yield _server_url("postgresql", user, password, host, port, "postgres")
        return
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("no PostgreSQL: PGHOST is not set, 127.0.0.1:5432 does not answer, Debian's postgresql is missing")
    binaries, data, port = programs[-1].parent, folder / "data", str(_free_port())
    prefix = _as_user("postgres", folder)
    subprocess.run(
        [*prefix, binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    options = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
    with _running([*prefix, binaries / "postgres", "-D", data, "-p", port, *options], "127.0.0.1", port):
        yield _server_url("postgresql", "postgres", "", "127.0.0.1", port, "postgres")


@contextmanager
def running_mariadb(folder: Path) -> Iterator[str]:
    """A MariaDB that may make databases: that of MYSQL_... variables, that on the standard port, or one of this run.

    Gives the URL of its database `mysql`.
    """
    host, port = os.environ.get("MYSQL_HOST", "127.0.0.1"), os.environ.get("MYSQL_TCP_PORT", "3306")
    user, password = os.environ.get("MYSQL_USER", "root"), os.environ.get("MYSQL_PWD", "")
    if "MYSQL_HOST" in os.environ or _answers(host, port):
        yield _server_url("mariadb", user, password, host, port, "mysql")
        return
    install, server = (
        shutil.which("mariadb-install-db"),
        shutil.which("mariadbd", path="/usr/sbin:/usr/bin:/usr/local/bin"),
    )
    if install is None or server is None:
        pytest.skip(
            "no MariaDB: MYSQL_HOST is not set, 127.0.0.1:3306 does not answer, Debian's mariadb-server is missing"
        )
    with own_mariadb(folder, install, server) as url:
        yield url


@contextmanager
def own_mariadb(folder: Path, install: str, server: str, *options: str) -> Iterator[str]:
    """A MariaDB of this run, made in a folder. Gives the URL of its database `mysql`."""
    data, port = folder / "data", str(_free_port())
    prefix = _as_user("mysql", folder)
    common = ["--no-defaults", f"--datadir={data}"]
    if not data.exists():
        subprocess.run(
            [*prefix, install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    options = (
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={folder}/s",
        "--innodb-flush-log-at-trx-commit=0",
        *options,
    )
    with _running([*prefix, server, *common, *options], "127.0.0.1", port, signal.SIGTERM):
        yield _server_url("mariadb", "root", "", "127.0.0.1", port, "mysql")


def _server_url(scheme: str, user: str, password: str, host: str, port: str, name: str) -> str:
    credentials = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    if host.startswith("/"):
        return f"{scheme}://{credentials}@/{name}?host={quote(host, safe='')}"
    return f"{scheme}://{credentials}@{host}:{port}/{name}"


def _answers(host: str, port: str) -> bool:
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_user(user: str, folder: Path) -> list[str]:
    """What to put before a command that root may not run: it runs as another user, who is given the folder."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, user)
    for parent in folder.parents:
        if parent.stat().st_uid == 0 and parent.is_relative_to(tempfile.gettempdir()):
            parent.chmod(parent.stat().st_mode | 0o011)  # so that the user can come through
    return ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"]


@contextmanager
def _running(command: list[str | Path], host: str, port: str, stop: signal.Signals = signal.SIGINT) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not _answers(host, port):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{command[-1]} did not start: {command}")
            time.sleep(0.05)  # a server of another process gives no event to wait for
        yield
    finally:
        process.send_signal(stop)
        process.wait(20)
