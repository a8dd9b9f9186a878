"""How a broker keeps its connection and its order, with a server made of a list."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence

import pytest

from spica.pubsub.brokers.frames import join, split
from spica.pubsub.brokers.server import (
    MAX_BATCH_BYTES,
    MAX_BATCH_MESSAGES,
    Deliver,
    Lost,
    ServerBroker,
    Timing,
    hide_secrets,
)
from spica.pubsub.errors import BrokerUnavailable

QUICK = Timing(answer_s=0.05, idle_s=0.02, first_wait_s=0.001, longest_wait_s=0.01)


class ListWire:
    """A connection whose server is the test."""

    def __init__(self, receive: Deliver, lost: Lost) -> None:
        self.receive = receive
        self.lost = lost
        self.batches: list[list[bytes]] = []
        self.checks = 0
        self.closed = False
        self.aborted = False
        self.answers = asyncio.Event()
        self.answers.set()
        self.problem: Exception | None = None

    async def send(self, frames: Sequence[bytes]) -> None:
        self.batches.append([message for frame in frames for message in split(frame)])
        await self.check()

    async def check(self) -> None:
        self.checks += 1
        await self.answers.wait()
        if self.problem is not None:
            raise self.problem

    async def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True

    @property
    def sent(self) -> list[bytes]:
        return [message for batch in self.batches for message in batch]


class ListBroker(ServerBroker):
    def __init__(self, timing: Timing = QUICK) -> None:
        super().__init__("list://server", timing)
        self.wires: list[ListWire] = []
        self.opens = 0
        self.is_there = True

    async def open(self, receive: Deliver, lost: Lost) -> ListWire:
        self.opens += 1
        if not self.is_there:
            raise ConnectionRefusedError("nobody there")
        self.wires.append(ListWire(receive, lost))
        return self.wires[-1]

    @property
    def wire(self) -> ListWire:
        return self.wires[-1]


@pytest.fixture
async def broker() -> AsyncIterator[ListBroker]:
    made = ListBroker()
    await started(made)
    yield made
    await made.stop()


async def started(broker: ServerBroker) -> list[bytes]:
    received: list[bytes] = []
    await broker.start("node", received.append, lambda node, is_there: None)
    return received


async def until_away(broker: ServerBroker) -> None:
    async with asyncio.timeout(30):
        while not broker.problem:  # noqa: ASYNC110  # it has no event for it
            await asyncio.sleep(0)


async def until_back(broker: ServerBroker) -> None:
    async with asyncio.timeout(30):
        while broker.problem:  # noqa: ASYNC110  # it has no event for it
            await asyncio.sleep(0.001)


async def test_a_start_while_it_runs_does_nothing(broker: ListBroker) -> None:
    await started(broker)
    assert broker.opens == 1


async def test_what_waits_while_a_batch_is_under_way_is_the_next_batch(broker: ListBroker) -> None:
    await broker.check()
    broker.wire.answers.clear()
    first = asyncio.create_task(broker.publish(b"0"))
    while not broker.wire.batches:  # noqa: ASYNC110  # until it is under way
        await asyncio.sleep(0)
    others = [asyncio.create_task(broker.publish(b"%d" % number)) for number in range(1, 10)]
    await asyncio.sleep(0)
    broker.wire.answers.set()
    await asyncio.gather(first, *others)
    assert broker.wire.batches == [[b"0"], [b"%d" % number for number in range(1, 10)]]


async def test_batches_are_bounded_by_messages_and_octets(broker: ListBroker) -> None:
    count = 2 * MAX_BATCH_MESSAGES + 1
    await asyncio.gather(*(broker.publish(b"x") for _ in range(count)))
    assert max(map(len, broker.wire.batches)) == MAX_BATCH_MESSAGES
    broker.wire.batches.clear()
    long = bytes(MAX_BATCH_BYTES // 2 + 1)
    await asyncio.gather(*(broker.publish(long) for _ in range(3)))
    assert list(map(len, broker.wire.batches)) == [1, 1, 1]


async def test_silence_is_answered_by_a_check(broker: ListBroker) -> None:
    async with asyncio.timeout(30):
        while broker.wire.checks < 3:  # noqa: ASYNC110  # they come by time
            await asyncio.sleep(0.001)
    assert broker.wire.batches == []


async def test_a_check_sends_nothing_and_fails_while_it_is_away(broker: ListBroker) -> None:
    await broker.check()
    assert broker.wire.batches == []
    broker.wire.answers.clear()
    with pytest.raises(BrokerUnavailable, match="is away"):
        await broker.check()


async def test_a_check_between_messages_keeps_them_in_order(broker: ListBroker) -> None:
    await asyncio.gather(broker.publish(b"1"), broker.check(), broker.publish(b"2"))
    assert broker.wire.sent == [b"1", b"2"]


async def test_a_server_without_an_answer_fails_all_that_waits_at_once(broker: ListBroker) -> None:
    broker.wire.answers.clear()
    broker.is_there = False
    loop = asyncio.get_running_loop()
    begun = loop.time()
    results = await asyncio.gather(*(broker.publish(b"x") for _ in range(1_000)), return_exceptions=True)
    assert all(
        isinstance(problem, BrokerUnavailable) and problem.why == "no answer within 0.05 s" for problem in results
    )
    assert loop.time() - begun < 1
    assert len(broker.wires[0].batches) == 1
    assert broker.wires[0].closed
    assert broker.wires[0].aborted


async def test_the_end_of_the_connection_fails_a_batch_under_way_at_once() -> None:
    broker = ListBroker(Timing(answer_s=60, idle_s=60, first_wait_s=60))
    await started(broker)
    broker.wire.answers.clear()
    publishing = asyncio.create_task(broker.publish(b"x"))
    while not broker.wire.batches:  # noqa: ASYNC110  # until it is under way
        await asyncio.sleep(0)
    broker.wire.lost("the server shuts down")
    with pytest.raises(BrokerUnavailable) as caught:
        await publishing
    assert caught.value.why == "the server shuts down"
    await broker.stop()


async def test_nothing_that_failed_is_sent_later(broker: ListBroker) -> None:
    broker.wire.problem = OSError("broken pipe")
    with pytest.raises(BrokerUnavailable) as caught:
        await broker.publish(b"lost")
    assert caught.value.why == "broken pipe"
    with pytest.raises(BrokerUnavailable):
        await broker.publish(b"lost too")
    await until_back(broker)
    await broker.publish(b"new")
    assert broker.wire.sent == [b"new"]


async def test_the_end_of_an_old_connection_tells_nothing_of_the_new_one(broker: ListBroker) -> None:
    old = broker.wire
    old.lost("")
    await until_away(broker)
    await until_back(broker)
    old.lost("once more")
    await broker.publish(b"x")
    assert broker.opens == 2


async def test_one_line_when_it_is_lost_and_one_when_it_is_back(
    broker: ListBroker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "spica.pubsub")
    broker.is_there = False
    broker.wire.lost("the cable")
    async with asyncio.timeout(30):
        while broker.opens < 5:  # noqa: ASYNC110  # attempts come by time
            await asyncio.sleep(0.001)
    assert broker.problem == "nobody there"
    broker.is_there = True
    await until_back(broker)
    await broker.check()
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == "lost the pub/sub broker list://server: the cable"
    assert lines[1].startswith("the pub/sub broker list://server is back after ")
    assert len(lines) == 2


async def test_a_server_that_drops_each_connection_is_tried_ever_more_seldom() -> None:
    broker = ListBroker(Timing(answer_s=1, idle_s=1, first_wait_s=0.01, longest_wait_s=10))
    await started(broker)
    async with asyncio.timeout(30):
        for opens in range(2, 6):
            broker.wire.lost("go away")
            while broker.opens < opens:  # noqa: ASYNC110  # attempts come by time
                await asyncio.sleep(0.001)
    begun = asyncio.get_running_loop().time()
    broker.wire.lost("go away")
    await until_away(broker)
    await until_back(broker)
    assert asyncio.get_running_loop().time() - begun > 0.05, "it is not given time"
    await broker.stop()


async def test_stop_sends_what_waits_and_refuses_what_comes(broker: ListBroker) -> None:
    wire = broker.wire
    publishing = [asyncio.create_task(broker.publish(b"%d" % number)) for number in range(3)]
    await asyncio.sleep(0)
    await asyncio.gather(broker.stop(), broker.stop())
    await asyncio.gather(*publishing)
    assert wire.sent == [b"0", b"1", b"2"]
    assert wire.closed
    with pytest.raises(BrokerUnavailable) as caught:
        await broker.publish(b"late")
    assert caught.value.why == "it was stopped"


async def test_a_stop_that_is_cancelled_leaves_nothing_open() -> None:
    broker = ListBroker(Timing(answer_s=60))
    await started(broker)
    wire = broker.wire
    wire.answers.clear()
    publishing = asyncio.create_task(broker.publish(b"x"))
    await asyncio.sleep(0)
    stopping = asyncio.create_task(broker.stop())
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises(BrokerUnavailable):
        await publishing
    assert stopping.cancelled()
    assert wire.aborted
    async with asyncio.timeout(30):
        while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110  # until its task has gone
            await asyncio.sleep(0)


async def test_messages_of_a_stopped_broker_go_nowhere() -> None:
    broker = ListBroker()
    received = await started(broker)
    broker.wire.receive(b"1:1")
    await broker.stop()
    broker.wires[0].receive(b"1:2")
    assert received == [b"1"]


async def test_a_receiver_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    broker = ListBroker()
    await broker.start("node", lambda message: 1 / 0, lambda node, is_there: None)  # type: ignore[arg-type]
    broker.wire.receive(b"1:1")
    await broker.check()
    await broker.stop()
    assert "could not be delivered" in caplog.text


async def test_a_frame_of_several_and_what_is_none(broker: ListBroker, caplog: pytest.LogCaptureFixture) -> None:
    received: list[bytes] = []
    await broker.stop()
    await broker.start("node", received.append, lambda node, is_there: None)
    (frame,) = join([b"1", b"", b"3"], 1_000)
    assert broker.wire.receive(frame) == 3
    for _ in range(3):
        assert broker.wire.receive(b"hello from somebody else") == 1
    assert broker.wire.receive(b"") == 0
    assert received == [b"1", b"", b"3"]
    assert caplog.text.count("what others sent on the channel of list://server was dropped") == 1


async def test_publishing_before_the_start() -> None:
    with pytest.raises(BrokerUnavailable) as caught:
        await ListBroker().publish(b"x")
    assert caught.value.why == "it is not started"


def test_a_broker_whose_event_loop_is_gone_can_be_started_again() -> None:
    broker = ListBroker()

    async def use(message: bytes) -> None:
        await started(broker)
        await broker.publish(message)

    asyncio.run(use(b"1"))
    asyncio.run(use(b"2"))
    assert broker.opens == 2
    assert broker.wire.sent == [b"2"]
    assert broker.wires[0].aborted


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:hunter2@host:6379/0", "redis://:[hidden]@host:6379/0"),
        ("rediss://shop:hunter2@host", "rediss://shop:[hidden]@host"),
        ("nats://hunter2@host", "nats://[hidden]@host"),
        ("nats://a:hunter2@one:4222,two:4222", "nats://a:[hidden]@one:4222,two:4222"),
        ("nats://a:hunter2@one,a:hunter2@two", "nats://a:[hidden]@two"),
        ("redis://host?password=hunter2", "redis://host"),
        ("redis://:hun/ter?2@host:6379/0", "redis://:[hidden]@host:6379/0"),
        ("redis://:hun@ter2@host", "redis://:[hidden]@host"),
        ("redis://host:6379", "redis://host:6379"),
    ],
)
def test_urls_are_shown_without_secrets(url: str, shown: str) -> None:
    assert hide_secrets(url) == shown
