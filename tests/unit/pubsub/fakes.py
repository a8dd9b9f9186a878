"""A broker that is told what to do, and buses that share one."""

from __future__ import annotations

import asyncio

from spica.pubsub.broker import Peer, Receive
from spica.pubsub.errors import BrokerUnavailable


class Hall:
    """What brokers of one test share: everybody hears everybody, themselves included."""

    def __init__(self) -> None:
        self.brokers: list[FakeBroker] = []

    def broker(self) -> FakeBroker:
        return FakeBroker(self)


class FakeBroker:
    """A broker within the process. `fails`: attempts to start that fail; `opens`: what a start waits for."""

    tells_peers = False

    def __init__(self, hall: Hall | None = None) -> None:
        self.hall = hall or Hall()
        self.fails = 0
        self.starts = 0
        self.published: list[bytes] = []
        self.opens = asyncio.Event()
        self.opens.set()
        self.is_lost = False
        self.receive: Receive = lambda message: None
        self.peer: Peer = lambda node, is_there: None

    async def start(self, node: str, receive: Receive, peer: Peer) -> None:
        self.starts += 1
        await self.opens.wait()
        if self.fails:
            self.fails -= 1
            raise BrokerUnavailable("nobody answers")
        self.receive, self.peer = receive, peer
        self.hall.brokers.append(self)

    async def publish(self, message: bytes) -> None:
        if self.is_lost:
            raise BrokerUnavailable("the server is gone")
        self.published.append(message)
        for broker in self.hall.brokers:
            broker.receive(message)

    async def check(self) -> None:
        if self.is_lost:
            raise BrokerUnavailable("the server is gone")

    async def stop(self) -> None:
        self.hall.brokers.remove(self)
