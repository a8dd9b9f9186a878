"""Infos: what a channel hears of the server besides its own topic, timers and other topics; all of it ends with it.

Rules of this file:
- A channel without any has none of this.
- What is released twice is released once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from spica.channels.errors import ChannelUsage
from spica.channels.methods import ChannelMethod
from spica.pubsub.bus import PubSub
from spica.pubsub.event import Event

Inform = Callable[[ChannelMethod, object], None]


class Infos:
    """The timers and subscriptions of one channel.

    Args:    name: of its class; methods: those for infos, by event; inform: has one called, with an event or with the
             arguments of a timer.
    """

    __slots__ = ("_inform", "_methods", "_name", "_releases")

    def __init__(self, name: str, methods: Mapping[str, ChannelMethod], inform: Inform) -> None:
        self._name = name
        self._methods = methods
        self._inform = inform
        self._releases: set[Callable[[], None]] = set()

    def send_after(
        self, seconds: float, event: str, arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> asyncio.TimerHandle:
        """Call an info's method later. Raises ChannelUsage when there is none."""
        method = self._methods.get(event)
        if method is None:
            known = ", ".join(sorted(self._methods)) or "(none)"
            raise ChannelUsage(
                f"{self._name} has no method for the info {event!r}",
                why=f"those there are: {known}",
                fix=f'write @on_info("{event}") above a method of it',
            )

        def ring() -> None:
            self._releases.discard(handle.cancel)
            self._inform(method, (arguments, named))

        handle = asyncio.get_running_loop().call_later(seconds, ring)
        self._releases.add(handle.cancel)
        return handle

    def subscribe(self, bus: PubSub, topic: str) -> Callable[[], None]:
        """Have infos handled that are broadcast to a topic. Returns what ends that."""

        def listen(event: Event) -> None:
            method = self._methods.get(event.name)
            if method is not None:
                self._inform(method, event)

        unlisten = bus.listen(topic, listen)

        def end() -> None:
            self._releases.discard(end)
            unlisten()

        self._releases.add(end)
        return end

    def release(self) -> None:
        """End all of them."""
        for release in list(self._releases):
            release()
        self._releases.clear()
