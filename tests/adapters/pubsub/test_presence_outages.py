"""Promise 34 between machines whose broker, or the way to it, is gone for a while: people come and go meanwhile, and
afterwards all machines see who is there."""

from __future__ import annotations

import asyncio

from tests.adapters.pubsub.machines import Application, Guest, Machine, refs
from tests.adapters.pubsub.proxy import Proxy
from tests.adapters.pubsub.servers import BrokerServer


async def two_machines(app: Application, proxy: Proxy) -> tuple[Machine, Machine, Guest, Guest]:
    """One behind the proxy and one that is not, with three guests each; those of each who stay."""
    one, two = await app.start_two(port=proxy.port)
    ann, *_ = await app.visit(one, "ann", "bob", "both")
    cid, *_ = await app.visit(two, "cid", "dot", "both")
    await app.agree()
    return one, two, ann, cid


async def come_and_go(app: Application, one: Machine, two: Machine) -> None:
    """On each machine one goes, one comes, and one comes that goes at once."""
    await app.leave(*(guest for guest in app.guests if guest.user in ("bob", "dot")))
    for machine in (one, two):
        *_, moth = await app.visit(machine, f"late-{machine.name}", f"moth-{machine.name}")
        await app.leave(moth)


async def come_and_go_again(app: Application, one: Machine, two: Machine) -> None:
    """Those who came late go, others come."""
    await app.leave(*(guest for guest in app.guests if guest.user.startswith("late")))
    await app.visit(one, "bob")
    await app.visit(two, "dot", "eve")


async def test_the_way_to_the_broker_is_cut(proxy: Proxy, app: Application) -> None:
    one, two, ann, cid = await two_machines(app, proxy)
    before = refs(ann.people, "ann", "cid")
    proxy.close()
    proxy.cut()
    await one.until_ready(503)
    await come_and_go(app, one, two)
    for machine in (one, two):  # each is right about its own, and has dropped the others
        await app.agree(machine)
    await come_and_go_again(app, one, two)
    await proxy.open()
    await app.agree()
    assert refs(ann.people, "ann", "cid") == refs(cid.people, "ann", "cid") == before, "somebody had to join anew"


async def test_the_way_to_the_broker_is_cut_again_and_again(proxy: Proxy, app: Application) -> None:
    """It is lost for moments: mostly nobody is dropped, and what was not heard is repaired."""
    one, two, ann, cid = await two_machines(app, proxy)
    before = refs(ann.people, "ann", "cid")
    for number in range(6):
        proxy.cut()
        come = [*await app.visit(one, f"one-{number}"), *await app.visit(two, f"two-{number}")]
        if number % 2:
            await app.leave(*come)
    await app.agree()
    assert refs(ann.people, "ann", "cid") == refs(cid.people, "ann", "cid") == before, "somebody had to join anew"


async def test_the_way_to_the_broker_is_frozen(proxy: Proxy, app: Application) -> None:
    """Nothing ends and nothing arrives: first until people are dropped, so that what was on its way comes late, then
    until the connection is given up."""
    one, two, ann, cid = await two_machines(app, proxy)
    before = refs(ann.people, "ann", "cid")
    for is_given_up in (False, True):
        proxy.freeze()
        await (come_and_go_again if is_given_up else come_and_go)(app, one, two)
        for machine in (one, two):
            await app.agree(machine)
        if is_given_up:
            await one.until_ready(503)
        proxy.thaw()
        await app.agree()
    assert refs(ann.people, "ann", "cid") == refs(cid.people, "ann", "cid") == before, "somebody had to join anew"


async def test_the_broker_is_killed_and_started_again(app: Application, server: BrokerServer) -> None:
    one, two = await app.start_two()
    ann, *_ = await app.visit(one, "ann", "bob", "both")
    cid, *_ = await app.visit(two, "cid", "dot", "both")
    await app.agree()
    before = refs(ann.people, "ann", "cid")
    await asyncio.to_thread(server.kill)
    try:
        await one.until_ready(503)
        await come_and_go(app, one, two)
        for machine in (one, two):
            await app.agree(machine)
    finally:
        await asyncio.to_thread(server.start)
    await app.agree()
    assert refs(ann.people, "ann", "cid") == refs(cid.people, "ann", "cid") == before, "somebody had to join anew"


async def test_a_machine_that_starts_without_the_broker_is_told_later(proxy: Proxy, app: Application) -> None:
    one = await app.start("one")
    await app.visit(one, "ann")
    proxy.close()
    two = await app.start("two", port=proxy.port)
    await app.visit(two, "bob")
    for machine in (one, two):
        await app.agree(machine)
    await two.until_ready(503)
    await proxy.open()
    await app.agree()
    await two.until_ready(200)
