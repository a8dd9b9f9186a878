"""The short form of every promise: seconds each, one at a time, because each of them loads the machine."""

from __future__ import annotations

import pytest

from tests.torture.__main__ import attack, names
from tests.torture.verdict import Run


@pytest.mark.xdist_group("torture")
@pytest.mark.parametrize("name", names())
def test_promise(name: str) -> None:
    run = Run()
    attack(name, run)
    assert run.failures == []
