"""Seeds: db/seeds.py, run with the application started."""

from __future__ import annotations

import asyncio
import inspect
import runpy
from pathlib import Path
from typing import TYPE_CHECKING

from spica.cli.application import load_application
from spica.cli.errors import SeedsMissing
from spica.cli.project import find_project

if TYPE_CHECKING:
    from spica.app.application import App

SEEDS = "db/seeds.py"


def run_seeds(env: str | None) -> None:
    """Run `seed()` of db/seeds.py, a plain or async function.

    Raises:  SeedsMissing; what the file or the application raises.
    """
    path = find_project() / SEEDS
    if not path.is_file():
        raise SeedsMissing(f"there is no {SEEDS}", fix="write it, with: async def seed(): ...")
    asyncio.run(_seed(load_application(env=env), path))
    print(f"seeded from {SEEDS}")


async def _seed(app: App, path: Path) -> None:
    await app.startup()
    try:
        seed = runpy.run_path(str(path)).get("seed")
        if not callable(seed):
            raise SeedsMissing(f"{SEEDS} has no function seed", where=str(path), fix="write: async def seed(): ...")
        value = seed()
        if inspect.isawaitable(value):
            await value
    finally:
        await app.shutdown()
