"""The stub of the path helpers: what type checkers read of it, and what they find by it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from spica.routing import Routes
from spica.routing.stub import MODULE, STUB, render_stub, write_stub
from spica.routing.table import RouteTable


def draw() -> RouteTable:
    r = Routes()
    r.root("home#index")
    r.resources("posts", only=["index", "show"], param="id:int", format=["json"])
    r.get("/", "tenants#show", host="{tenant}.example.com", name="dashboard")
    r.get("/s/{state:draft|done}", "states#show", name="state")
    r.direct("docs", lambda page, *, lang="en": f"https://docs.example/{lang}/{page}")
    return RouteTable(r.routes, directs=r.directs)


def test_it_has_every_helper() -> None:
    text = render_stub(draw().paths.all_helpers)
    for line in (
        "    def post(self, id: int | _HasParam | _HasId, *, "
        "format: Literal['json'] | None = ..., **query: Any) -> str: ...",
        "    def dashboard(self, *, tenant: _Param = ..., **query: Any) -> str: ...",
        "    def dashboard(self, *, tenant: _Param, **query: Any) -> str: ...",
        "    def state(self, state: Literal['draft', 'done'], **query: Any) -> str: ...",
        "    def docs(self, page: Any, *, lang: Any = ...) -> str: ...",
        "    def root(self, **query: Any) -> str: ...",
    ):
        assert line in text


def test_it_is_written_when_something_changed(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    helpers = draw().paths.all_helpers
    assert write_stub(tmp_path, helpers)
    assert not write_stub(tmp_path, helpers)
    (tmp_path / MODULE).write_text("# the project's own")
    assert write_stub(tmp_path, helpers[:1])
    assert (tmp_path / MODULE).read_text() == "# the project's own"


def test_mypy_finds_what_is_wrong_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/__init__.py").touch()
    write_stub(tmp_path, draw().paths.all_helpers)
    assert (tmp_path / STUB).is_file()
    (tmp_path / "right.py").write_text(
        "from app.paths import paths, urls\n\n"
        "class Post:\n    id = 7\n\n"
        'reveal: str = paths.post(7, format="json", page=2) + paths.post(Post()) + paths.state("draft")\n'
        'more: str = urls.dashboard(tenant="a") + paths.dashboard() + paths.docs("x", lang="de") + paths.root()\n'
    )
    (tmp_path / "wrong.py").write_text(
        "from app.paths import paths, urls\n\n"
        'paths.psot(7)\npaths.post()\npaths.state("gone")\nurls.dashboard()\npaths.post(7, format="xml")\n'
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "right.py", "wrong.py"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    found = [line.split(": error: ")[0] for line in ran.stdout.splitlines() if ": error: " in line]
    assert found == [f"wrong.py:{line}" for line in (3, 4, 5, 6, 7)], ran.stdout + ran.stderr
