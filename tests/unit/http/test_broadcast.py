"""Broadcasting reaches the hubs that are known, on their own loop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spica.http.broadcast import broadcast, reachable


class Hub:
    def __init__(self) -> None:
        self.sent: list[tuple[str, Any, Any]] = []

    def broadcast(self, topic: str, payload: Any, *, except_: Any = None) -> int:
        asyncio.get_running_loop()  # raises on another thread
        self.sent.append((topic, payload, except_))
        return 2


async def test_all_hubs_are_asked_while_they_are_known() -> None:
    one, two = Hub(), Hub()
    with reachable(one), reachable(two):
        assert broadcast("topic", "text") == 4
    assert broadcast("topic", "late") == 0
    assert one.sent == two.sent == [("topic", "text", None)]


async def test_another_thread_hands_over_and_waits() -> None:
    hub = Hub()
    with reachable(hub):
        assert await asyncio.to_thread(broadcast, "topic", b"octets") == 2
    assert hub.sent == [("topic", b"octets", None)]


def test_another_payload_is_refused_even_where_nobody_listens() -> None:
    with pytest.raises(TypeError, match="str or bytes, not dict"):
        broadcast("topic", {"a": 1})  # type: ignore[arg-type]
