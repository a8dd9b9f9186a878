"""One application on several machines: their clients hear each other, and are signed out on all of them."""

from __future__ import annotations

import asyncio

from tests.adapters.pubsub.machines import Application, Guest
from tests.adapters.pubsub.servers import BrokerServer
from tests.waiting import until


async def test_clients_of_two_machines_hear_each_other_in_order(app: Application) -> None:
    one, two = await app.start_two()
    await one.until_ready(200)
    await two.until_ready(200)
    (ann,), (bob,) = await app.visit(one, "ann"), await app.visit(two, "bob")
    await app.agree()  # so each listens

    async def say_much(guest: Guest) -> None:
        for number in range(100):
            assert (await guest.ask("say", text=str(number)))["status"] == "ok"

    await asyncio.gather(say_much(ann), say_much(bob))
    for guest in (ann, bob):
        await until(lambda guest=guest: len(guest.said) == 200)
        for user in ("ann", "bob"):
            assert [text for by, text in guest.said if by == user] == [str(number) for number in range(100)]


async def test_a_user_is_signed_out_on_all_machines(app: Application) -> None:
    one, two = await app.start_two()
    ann, *bobs = [*await app.visit(one, "ann", "bob"), *await app.visit(two, "bob")]
    (cid,) = await app.visit(two, "cid")
    await app.agree()
    assert (await cid.ask("sign_out", user="bob"))["status"] == "ok"
    await until(lambda: all(bob.code is not None for bob in bobs))
    assert [bob.code for bob in bobs] == [1000, 1000]
    await app.leave(*bobs)
    await app.agree()
    assert [ann.code, cid.code] == [None, None]


async def test_readiness_follows_the_broker(server: BrokerServer, app: Application) -> None:
    one, two = await app.start_two()
    await one.until_ready(200)
    await two.until_ready(200)
    ann, bob = await app.visit(one, "ann", "bob")
    try:
        await asyncio.to_thread(server.kill)
        told = await one.until_ready(503)
        assert "away" in told["checks"]["pubsub"]
        for number in range(2):  # who sends is told, who is on the same machine hears it
            reply = await ann.ask("say", text=str(number))
            assert reply["status"] == "error"
            assert reply["response"]["reason"].startswith("The service is not available")
        await until(lambda: bob.said == [("ann", "0"), ("ann", "1")])
    finally:
        await asyncio.to_thread(server.start)
    await one.until_ready(200)
    await two.until_ready(200)
    (cid,) = await app.visit(two, "cid")
    await ann.ask("say", text="again")
    await until(lambda: cid.said == [("ann", "again")])
