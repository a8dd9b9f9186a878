"""spica.server.event_loop: which loop a worker gets."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest

from spica.server import event_loop
from spica.server.errors import RuntimeSettingError
from spica.server.event_loop import new_event_loop


@pytest.mark.parametrize("kind", ["auto", "asyncio"])
def test_a_loop_can_carry_attributes(kind: Literal["auto", "asyncio"]) -> None:
    loop = new_event_loop(kind)
    try:
        assert isinstance(loop, asyncio.AbstractEventLoop)
        loop.of_our_own = 1  # type: ignore[attr-defined]
    finally:
        loop.close()


def test_uvloop_by_name_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_loop, "uvloop", None)
    with pytest.raises(RuntimeSettingError, match="uvloop is not installed"):
        new_event_loop("uvloop")
    loop = new_event_loop("auto")
    assert type(loop).__module__.startswith("asyncio")
    loop.close()
