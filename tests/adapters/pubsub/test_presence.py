"""Promise 34 between machines: who is there is seen on all of them, whatever happens to one.

What is waited for has far longer than it needs: how long that is depends on what else the computer does.
"""

from __future__ import annotations

from tests.adapters.pubsub.machines import SILENCE_S, Application, in_order, refs, until_asked
from tests.adapters.servers import PATIENCE_S
from tests.waiting import until


async def test_everybody_is_seen_on_both_machines(app: Application) -> None:
    one, two = await app.start("one"), await app.start("two", workers=2)
    ann, bob = await app.visit(one, "ann", "bob")
    cid, dot, _ = await app.visit(two, "cid", "dot", "bob")
    await app.agree()
    assert await one.people() == await two.people(), "a meta is not the same everywhere, with its reference"

    await cid.ask("away")
    await until(lambda: [meta.get("away") for meta in ann.people["cid"]] == [True], PATIENCE_S)
    await until(lambda: in_order(ann.people) == in_order(dot.people), PATIENCE_S)
    await app.leave(bob, dot)  # of bob one is left
    await app.agree()


async def test_the_people_of_a_machine_that_is_killed_go_and_no_others(app: Application) -> None:
    one, two = await app.start_two()
    ann, bob = await app.visit(one, "ann", "bob")
    await app.visit(two, "bob", "cid")
    await app.agree()
    await app.kill(two)
    assert await app.agree() < 4 * SILENCE_S
    assert set(ann.left) == {"bob", "cid"}
    assert len(bob.people["bob"]) == 1

    # What takes its place is told by those who are left.
    three = await app.start("three")
    await app.agree()
    await app.visit(three, "cid")
    await app.agree()


async def test_a_machine_that_stops_takes_its_people_along(app: Application) -> None:
    # Its silence would tell in 140 seconds.
    one, two = await app.start_two(heartbeat_s=60)
    await app.visit(one, "ann")
    await app.visit(two, "bob")
    await app.agree()
    await app.stop(two)
    await app.agree()


async def test_a_machine_that_stands_still_is_dropped_and_comes_back_whole(app: Application) -> None:
    one, two = await app.start_two()
    ann, bob = await app.visit(one, "ann", "bob")
    (cid,) = await app.visit(two, "cid")
    await app.agree()
    before = refs(ann.people, "ann", "cid")
    with two.standing_still():
        await app.agree(one)
        # What happens meanwhile is news to it.
        await app.visit(one, "dot")
        await app.leave(bob)
        await app.agree(one)
    await app.agree()
    assert refs(ann.people, "ann", "cid") == before, "somebody had to join anew"
    assert set(cid.left) <= {"bob"}, "it did not give the others their time"


async def test_a_machine_that_starts_is_told_of_all(app: Application) -> None:
    """More than any broker takes as one message."""
    one, two = await app.start_two()
    (ann,), (bob,) = await app.visit(one, "ann"), await app.visit(two, "bob")
    await ann.ask("bring", count=100)
    await bob.ask("bring", count=20)
    three = await app.start("three")
    await until(lambda: len(ann.people) == len(bob.people) == 122, PATIENCE_S)
    everybody = await one.people()
    assert await two.people() == everybody

    async def is_told() -> bool:
        return await three.people() == everybody

    await until_asked(is_told, lambda: "it does not know all")
