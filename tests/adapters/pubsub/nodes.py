"""Nodes of an application: a broker each, and what it received."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from spica.pubsub.broker import Broker


class Node:
    """One process of an application, as its broker sees it."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.name = secrets.token_hex(4)
        self.received: list[bytes] = []
        self._more = asyncio.Event()

    async def start(self) -> None:
        await self.broker.start(self.name, self._receive, lambda node, is_there: None)

    def _receive(self, message: bytes) -> None:
        self.received.append(message)
        self._more.set()

    async def until(self, condition: Callable[[list[bytes]], bool], timeout_s: float = 20) -> None:
        """Wait until what was received is as wanted."""
        try:
            async with asyncio.timeout(timeout_s):
                while not condition(self.received):
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            shown = [message[:40] for message in self.received[-5:]]
            raise AssertionError(
                f"not within {timeout_s} s; {len(self.received)} messages, the last: {shown}"
            ) from None

    async def until_has(self, *messages: bytes) -> None:
        """Wait until all of them are there."""
        await self.until(lambda received: set(messages) <= set(received))


@asynccontextmanager
async def running(*brokers: Broker) -> AsyncIterator[list[Node]]:
    """Nodes that are started, and stopped at the end."""
    nodes = [Node(broker) for broker in brokers]
    try:
        for node in nodes:
            await node.start()
        yield nodes
    finally:
        for node in nodes:
            await node.broker.stop()


def own_tasks() -> set[asyncio.Task[object]]:
    """The tasks of this event loop, without those of proxies."""
    return {task for task in asyncio.all_tasks() if "Proxy" not in repr(task)}
