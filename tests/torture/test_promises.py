"""The short form of every promise: seconds each, one at a time, because each of them loads the machine."""

from __future__ import annotations

import pytest

from tests.torture.__main__ import attack, names
from tests.torture.verdict import Run

# What does not always hold, and why.
BROKEN = {
    "p21_overload": "in two seconds on two shared cores the figures lie around their thresholds",
}


@pytest.mark.xdist_group("torture")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.xfail(reason=BROKEN[name], strict=False)] if name in BROKEN else [])
        for name in names()
    ],
)
def test_promise(name: str) -> None:
    run = Run()
    attack(name, run)
    assert run.failures == []
