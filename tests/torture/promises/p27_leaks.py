"""Promise 27: nothing is left behind; see `soak`."""

from __future__ import annotations

from tests.torture.soak import soak
from tests.torture.verdict import Run


def run(run: Run) -> None:
    soak(run, run.pick(6, 600))
