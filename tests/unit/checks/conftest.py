"""Projects in a temporary folder, of as many files as a test names."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spica.checks.finding import Finding
from spica.checks.project import Project
from spica.checks.registry import run_checks

FILES = {
    "main.py": "from pathlib import Path\nfrom spica import App\napp = App(root=Path(__file__).parent)\n",
    "config/app.toml": '[app]\nname = "shop"\n[app.production]\nsecret_key = "${SPICA_SECRET_KEY}"\n',
    "config/routes.py": 'def draw(r):\n    r.root("home#index")\n',
    "app/__init__.py": "",
    "app/controllers/home_controller.py": (
        "from spica import Controller\n"
        "class HomeController(Controller):\n"
        "    async def index(self):\n"
        '        return self.render("index", name="you")\n'
    ),
    "app/views/home/index.html": "<p>Hello, {{ name }}</p>\n",
}
Check = Callable[..., list[Finding]]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Check]:
    """Check a small project with some files put in: `check("renders", {"app/…": "text"})`."""
    before_path = list(sys.path)
    _forget_project()  # of a test before this one, in another folder
    for name in ("SPICA_ENV", "SPICA_SECRET_KEY", "SPICA_MASTER_KEY"):
        monkeypatch.delenv(name, raising=False)

    def run(only: str = "", files: dict[str, str] | None = None, *, env: str = "development") -> list[Finding]:
        for name, text in {**FILES, **(files or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        monkeypatch.setenv("SPICA_ENV", env)
        return run_checks(Project(tmp_path, env), [only] if only else [])

    yield run
    sys.path[:] = before_path
    _forget_project()


def _forget_project() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("main", "app", "config")]:
        del sys.modules[name]


def places(findings: list[Finding]) -> list[str]:
    """Where the findings are."""
    return [finding.place for finding in findings]
