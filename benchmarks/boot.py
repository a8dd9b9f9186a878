"""Time to compile applications of many routes: `python -m benchmarks.boot`.

Each figure is the best of several processes' CPU time, so that other work on the machine counts little. The controllers
of the first case are files, whose import is part of the figure; the promise for 500 routes is one second.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from spica import App

ROUNDS = 3
ACTIONS = ("index", "new", "create", "show", "edit", "update", "destroy")
WITH_ID = ("show", "edit", "update", "destroy")
RESOURCES = 63  # eight routes each: update answers PUT and PATCH


def main(arguments: list[str]) -> None:
    """Print every case; with a name, only the CPU milliseconds of that one in this process."""
    if arguments:
        print(CASES[arguments[0]]())
        return
    for name in CASES:
        command = [sys.executable, "-m", "benchmarks.boot", name]
        runs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(ROUNDS)]
        count, _, _ = runs[0].stdout.partition(" ")
        best = min(float(run.stdout.split()[1]) for run in runs)
        print(f"{name:24} {count:>6} routes  {best:8.0f} ms CPU")


def boot_controllers() -> str:
    """Compile a project whose routes lead to controllers."""
    with tempfile.TemporaryDirectory() as folder:
        write_project(Path(folder))
        return measure(lambda: App(root=folder, env="test", secret_key="k" * 32))


def boot_functions(count: int) -> str:
    """Compile an application in one file."""
    app = App()
    for number in range(count):
        app.get(f"/things{number}/{{id:int}}", name=f"thing{number}")(show)
    return measure(lambda: app)


def show(id: int) -> int:
    """Answer; what every route of a file leads to."""
    return id


def write_project(root: Path) -> None:
    """Write a routes file of resources, and their controllers."""
    (root / "config").mkdir()
    (root / "app/controllers").mkdir(parents=True)
    lines = [f'    r.resources("things{number}")' for number in range(RESOURCES)]
    (root / "config/routes.py").write_text("\n".join(["def draw(r):", *lines, ""]))
    for number in range(RESOURCES):
        methods = [f"    async def {name}(self{', id: int' if name in WITH_ID else ''}): ..." for name in ACTIONS]
        text = "\n".join(["from spica import Controller", f"class Things{number}Controller(Controller):", *methods, ""])
        (root / f"app/controllers/things{number}_controller.py").write_text(text)


def measure(make: Callable[[], App]) -> str:
    """Compile an application: how many routes it has, and the CPU milliseconds that took."""
    start = time.process_time()
    app = make()
    app.core  # noqa: B018 - compiles
    taken = (time.process_time() - start) * 1000
    return f"{len(app.routes)} {taken:.1f}"


CASES: dict[str, Callable[[], str]] = {
    "controllers": boot_controllers,
    "functions": lambda: boot_functions(500),
    "many functions": lambda: boot_functions(10_000),
}

if __name__ == "__main__":
    main(sys.argv[1:])
