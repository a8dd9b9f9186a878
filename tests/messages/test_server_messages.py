"""The stored text of every error of the server, and of those that belong to nobody else; and that none is forgotten."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from spica.cli import reload
from spica.cli.check import _read_names as read_names
from spica.cli.report import apply_and_report
from spica.errors import SpicaError
from spica.generators.plan import Create, Plan
from spica.server.address import parse_address
from spica.server.certificates import build_acceptor
from spica.server.cpus import assign_cpus
from spica.server.listener import open_listener
from spica.server.pid_file import PidFile
from spica.server.reload_state import ReloadState
from spica.server.target import load_app

FOLDER = Path(__file__).parent
PROJECT = FOLDER.parents[1]
ELSEWHERE = {"SPICA-D132": "it names a line that asks again and again: tests/unit/app/test_query_watch.py"}


def port_in_use(root: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        open_listener("127.0.0.1", taken.getsockname()[1])


def reload_refused(root: Path) -> None:
    (root / "server.pid").touch()
    reload._await_result(str(root / "server.pid"), os.getpid(), ReloadState(), 0.0)


def nothing_to_reload(root: Path) -> None:
    (root / "main.py").touch()
    os.chdir(root)
    reload.reload()


def file_in_the_way(root: Path) -> None:
    (root / "app").touch()
    apply_and_report(Plan([Create(PurePosixPath("app/a.py"), "")]), root, force=False, dry_run=False)


RAISING: dict[str, Callable[[Path], object]] = {
    "G001": lambda root: read_names("asets", ["assets", "boot"]),
    "G016": file_in_the_way,
    "S001": lambda root: load_app(None, root),
    "S002": port_in_use,
    "S003": lambda root: parse_address("unix:"),
    "S004": lambda root: (PidFile(str(root / "server.pid")), PidFile(str(root / "server.pid"))),
    "S005": nothing_to_reload,
    "S006": reload_refused,
    "S007": lambda root: assign_cpus([9999], 1),
    "S008": lambda root: build_acceptor([(str(root / "chain.pem"), str(root / "key.pem"))], "1.2", [], http2=True),
}

TEXTS = {
    "G001": """\
SPICA-G001  there is no check "asets"; did you mean assets?
  docs   docs/reference/errors.md#spica-g001""",
    "G016": """\
SPICA-G016  can't write ROOT/app/.a.py.new: Not a directory; nothing was changed
  docs   docs/reference/errors.md#spica-g016""",
    "S001": """\
SPICA-S001  no application in ROOT
  why    there is no main.py or app.py here
  fix    go to your project's folder, name it (spica server module:app), or make one: spica new blog
  docs   docs/reference/errors.md#spica-s001""",
    "S002": """\
SPICA-S002  port PORT is in use by PROGRAM (pid PID)
  where  127.0.0.1:PORT
  fix    stop that process, or choose another port: spica server --port PORT
  docs   docs/reference/errors.md#spica-s002""",
    "S003": """\
SPICA-S003  'unix:' names no path
  fix    write it as unix:/run/app.sock
  docs   docs/reference/errors.md#spica-s003""",
    "S004": """\
SPICA-S004  a server runs here already (pid PID)
  where  ROOT/server.pid
  why    it holds the pid file
  fix    spica reload takes in new code; stop it: kill PID; or run another beside it: spica server --pid-file PATH
  docs   docs/reference/errors.md#spica-s004""",
    "S005": """\
SPICA-S005  no server runs here
  where  ROOT/tmp/server.pid
  why    the pid file is missing, or its server has ended
  fix    start one: spica server --workers 2; or name its file: spica reload --pid-file PATH
  docs   docs/reference/errors.md#spica-s005""",
    "S006": """\
SPICA-S006  the server (pid PID) has not reloaded within 0 s
  why    a worker takes longer to start
  fix    look at the server's log; spica reload --timeout waits longer
  docs   docs/reference/errors.md#spica-s006""",
    "S007": """\
SPICA-S007  core 9999 can't be used
  where  [runtime] cpu_affinity
  why    this process may run on CORES
  fix    name some of these, or set it to "auto"
  docs   docs/reference/errors.md#spica-s007""",
    "S008": """\
SPICA-S008  a file of the certificate can't be read
  where  ROOT/chain.pem
  why    No such file or directory (os error 2)
  fix    check the path, and that the server's user may read the file and its folders
  docs   docs/reference/errors.md#spica-s008""",
}


@pytest.mark.parametrize("name", RAISING)
def test_message(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpicaError) as raised:
        RAISING[name](tmp_path)
    text = str(raised.value).replace(str(tmp_path), "ROOT")
    text = re.sub(r"pid \d+", "pid PID", re.sub(r"kill \d+", "kill PID", text))
    text = re.sub(r"(port |127\.0\.0\.1:)\d{4,5}", r"\1PORT", re.sub(r"in use by [\w.-]+ ", "in use by PROGRAM ", text))
    text = re.sub(r"run on [\d, ]+\d", "run on CORES", text)
    assert text == TEXTS[name]


def test_every_error_of_the_project_has_a_stored_text_and_an_entry_in_the_docs() -> None:
    """The classes are those of the page: a new one that nobody stored a text of fails here."""
    spec = importlib.util.spec_from_file_location("error_pages", PROJECT / "tools" / "error_pages.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    classes = tool.error_classes()
    source = "\n".join(file.read_text() for file in (PROJECT / "src/spica").rglob("*.py"))
    # What only stands above others is nowhere made.
    bases = {kind.code for kind in classes if kind.__subclasses__() and f" {kind.__name__}(\n" not in source}
    codes = {kind.code for kind in classes}
    stored = set(re.findall(r"(SPICA-[A-Z]\d+)  ", "\n".join(read_texts())))
    assert len(codes) > 150
    assert codes - stored - bases == {*ELSEWHERE}
    assert len(bases) < 10, bases
    page = (PROJECT / "docs/reference/errors.md").read_text()
    assert [code for code in codes if f"### {code}\n" not in page] == []


def read_texts() -> list[str]:
    return [file.read_text() for file in FOLDER.glob("test_*_messages.py")]
