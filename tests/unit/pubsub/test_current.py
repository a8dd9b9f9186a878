"""The bus of the application that was started last, by the module's functions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from spica import App, pubsub
from spica.pubsub import NoPubSub
from spica.pubsub import current as of_process


@pytest.fixture(autouse=True)
def _no_application() -> Iterator[None]:
    previous = pubsub.use(None)
    yield
    pubsub.use(previous)


async def test_without_an_application_there_is_none() -> None:
    with pytest.raises(NoPubSub):
        await pubsub.broadcast("t", "one")
    with pytest.raises(NoPubSub):
        pubsub.subscribe("t")


async def test_it_is_that_of_the_application_started_last() -> None:
    first, second = App(), App()
    for app in (first, second):
        await app.startup()
    try:
        assert of_process() is second.pubsub
        async with pubsub.subscribe("t") as events:
            await pubsub.broadcast("t", "one", {"n": 1}, sender=events)
            event = await anext(events)
        assert (event.payload, event.node, event.sender) == ({"n": 1}, second.pubsub.node, events)
    finally:
        for app in (first, second):
            await app.shutdown()
