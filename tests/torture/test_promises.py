"""The short form of every promise: seconds each, one at a time, because each of them loads the machine."""

from __future__ import annotations

import pytest

from tests.torture.__main__ import attack, names
from tests.torture.verdict import Run

# What does not hold today, and why. Strict: what begins to hold must leave this list.
BROKEN = {
    "p21_overload": "nothing sheds load: requests wait in the backlog, and none is told 503",
}


@pytest.mark.xdist_group("torture")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.xfail(reason=BROKEN[name], strict=True)] if name in BROKEN else [])
        for name in names()
    ],
)
def test_promise(name: str) -> None:
    run = Run()
    attack(name, run)
    assert run.failures == []
