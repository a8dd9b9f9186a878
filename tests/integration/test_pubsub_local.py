"""The local broker on real sockets: several buses of one process, each as a process of its own would be."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import os
import random
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from spica.pubsub import BrokerUnavailable, BrokerUrlError, Event, FolderRefused, PubSub
from spica.pubsub.brokers import build_broker, local, local_links
from spica.pubsub.brokers.local import LocalBroker
from tests.waiting import until

WAIT_S = 20.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path: pytest's own ones are too long for sockets."""
    with tempfile.TemporaryDirectory(prefix="spica-test-", dir="/tmp") as made:
        yield Path(made) / "run"


class Buses:
    """Makes buses that meet in one folder, and stops them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[PubSub] = []

    async def start(self, name: str = "shop") -> PubSub:
        bus = self.make(name)
        await bus.start()
        return bus

    def make(self, name: str = "shop") -> PubSub:
        bus = PubSub(LocalBroker(f"local://{self.folder}", name))
        self.made.append(bus)
        return bus


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy is no reason to go on without a process; tests of those who are silent say so."""
    monkeypatch.setattr(local, "ANSWER_S", WAIT_S)


@pytest.fixture
async def buses(folder: Path) -> AsyncIterator[Buses]:
    made = Buses(folder)
    yield made
    for bus in made.made:
        await bus.stop()


def hear(bus: PubSub, topic: str = "t") -> list[Event]:
    heard: list[Event] = []
    bus.listen(topic, heard.append)
    return heard


def names(events: list[Event]) -> list[str]:
    return [event.name for event in events]


def sockets(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_socket()}


def make_file(path: Path) -> None:
    """Put a file where the folder should be."""
    path.write_text("")


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_048_576


# Meeting


async def test_everybody_hears_everybody_once_they_have_started(buses: Buses) -> None:
    all_of_them = [await buses.start() for _ in range(4)]
    heard = [hear(bus) for bus in all_of_them]
    for bus in all_of_them:
        assert bus.peers == {other.node for other in all_of_them} - {bus.node}
        await bus.broadcast("t", bus.node, {"of": bus.node})
    await until(lambda: all(len(events) == 4 for events in heard))
    for events in heard:
        assert {event.name for event in events} == {bus.node for bus in all_of_them}
        assert all(event.payload == {"of": event.node} for event in events)


async def test_who_starts_at_the_same_time_meets_too(buses: Buses) -> None:
    all_of_them = [buses.make() for _ in range(6)]
    await asyncio.gather(*(bus.start() for bus in all_of_them))
    await until(lambda: all(len(bus.peers) == 5 for bus in all_of_them))


async def test_two_applications_do_not_hear_each_other(buses: Buses) -> None:
    shop, blog = await buses.start("shop"), await buses.start("blog")
    heard, shops = hear(blog), hear(await buses.start("shop"))
    await shop.broadcast("t", "one")
    await until(lambda: shops)
    assert not heard
    assert not blog.peers


async def test_order_is_that_of_the_publisher_and_nothing_is_lost(buses: Buses) -> None:
    one, two = await buses.start(), await buses.start()
    subscription = two.subscribe("t")

    async def read() -> list[str]:
        return [(await anext(subscription)).name for _ in range(10_000)]

    reading = asyncio.create_task(read())
    for number in range(10_000):
        await one.broadcast("t", str(number), {"body": "x" * 100})
    assert await asyncio.wait_for(reading, WAIT_S) == [str(number) for number in range(10_000)]


async def test_a_message_of_1_mib_arrives_whole(buses: Buses) -> None:
    one, two = await buses.start(), await buses.start()
    heard = hear(two)
    octets = os.urandom(1_048_576)
    for _ in range(3):
        await one.broadcast("t", "octets", octets)
    await one.broadcast("t", "text", "x" * 1_048_574)
    await until(lambda: len(heard) == 4)
    assert [event.payload == octets for event in heard] == [True, True, True, False]
    assert heard[3].payload == "x" * 1_048_574


# Leaving


async def test_who_stops_is_gone_at_once_and_leaves_nothing(buses: Buses, folder: Path) -> None:
    one, two = await buses.start(), await buses.start()
    told: list[tuple[str, bool]] = []
    one.listen_peers(lambda node, is_there: told.append((node, is_there)))
    gone = two.node
    await two.stop()
    await until(lambda: told)
    assert told == [(gone, False)]
    assert sockets(folder) == {one.node}
    await one.broadcast("t", "one")
    await one.stop()
    assert os.listdir(folder) == []


async def test_what_was_broadcast_last_is_still_sent(buses: Buses) -> None:
    one, two = await buses.start(), await buses.start()
    heard = hear(two)
    for number in range(5):
        await one.broadcast("t", str(number), b"x" * 1_000_000)
    await one.stop()
    await until(lambda: len(heard) == 5)


async def test_who_starts_again_is_another_one(buses: Buses) -> None:
    one, two = await buses.start(), await buses.start()
    told: list[tuple[str, bool]] = []
    one.listen_peers(lambda node, is_there: told.append((node, is_there)))
    first = two.node
    await two.stop()
    heard = hear(two)
    await two.start()
    await until(lambda: len(told) == 2)
    assert told == [(first, False), (two.node, True)]
    await one.broadcast("t", "one")
    await until(lambda: heard)


async def test_the_socket_of_a_process_that_was_killed_is_removed(buses: Buses, folder: Path) -> None:
    left = folder / "shop" / ("f" * 16)
    left.parent.mkdir(parents=True, mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(left))
        dead.listen()
    assert left.is_socket()
    bus = await buses.start()
    assert sockets(folder) == {bus.node}


async def test_files_of_others_in_the_folder_are_left_alone(buses: Buses, folder: Path) -> None:
    (folder / "shop").mkdir(parents=True, mode=0o700)
    names = {".gitkeep", "notes.txt", "A", "notes", "link"}  # two of them are as those of processes
    for name in names - {"link"}:
        (folder / "shop" / name).write_text("mine")
    (folder / "shop" / "link").symlink_to(folder / "elsewhere")
    with socket.socket(socket.AF_UNIX) as elsewhere:
        elsewhere.bind(str(folder / "elsewhere"))
        elsewhere.listen()
        elsewhere.setblocking(False)
        bus = await buses.start()
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
    await bus.stop()
    assert {path.name for path in (folder / "shop").iterdir()} == names


async def test_a_socket_that_was_cleaned_up_comes_back(buses: Buses, folder: Path) -> None:
    one = await buses.start()
    (folder / "shop" / one.node).unlink()
    (folder / "shop").rmdir()
    await one.check()
    assert sockets(folder) == {one.node}
    two = await buses.start()
    assert two.peers == {one.node}


async def test_it_comes_back_by_itself(buses: Buses, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "TEND_S", 0.02)
    one, two = await buses.start(), await buses.start()
    (folder / "shop" / one.node).unlink()
    await until(lambda: sockets(folder) == {one.node, two.node})
    three = await buses.start()
    await until(lambda: three.peers == {one.node, two.node})


# Those who are slow


class Standing:
    """A process that stands still: it announced itself, and takes nothing."""

    def __init__(self, folder: Path, node: str = "e" * 16) -> None:
        self.node = node
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(folder / "shop" / node))
        self.listener.listen()

    def hello(self, folder: Path, node: str) -> socket.socket:
        """Connect to a process as one that runs does."""
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(str(folder / "shop" / node))
        peer.sendall(local_links.build_frame(b"spica-pubsub-hello 1 " + self.node.encode()))
        return peer


async def test_a_process_that_stands_still_does_not_hold_up_a_start(
    buses: Buses, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "ANSWER_S", 1.0)
    one = await buses.start()
    with contextlib.closing(Standing(folder).listener):
        began = time.monotonic()
        two = await buses.start()
        assert time.monotonic() - began < 10
        assert one.node in two.peers


async def test_a_process_that_takes_nothing_is_dropped_and_the_others_hear_everything(
    buses: Buses, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = await buses.start(), await buses.start()
    heard: list[str] = []
    told: list[tuple[str, bool]] = []
    two.listen("t", lambda event: heard.append(event.name))
    one.listen_peers(lambda node, is_there: told.append((node, is_there)))
    standing = Standing(folder)
    with contextlib.closing(standing.listener), contextlib.closing(standing.hello(folder, one.node)) as said:
        await until(lambda: standing.node in one.peers)
        before, most, waited_for = resident_mib(), 0.0, 0
        for number in range(200):
            began = time.monotonic()
            await one.broadcast("t", str(number), b"x" * 500_000)
            waited_for += time.monotonic() - began >= local.PATIENCE_S
            most = max(most, resident_mib())
        await until(lambda: len(heard) == 200)
        assert heard == [str(number) for number in range(200)]
        assert told == [(standing.node, True), (standing.node, False)]
        assert "takes no messages" in caplog.text
        assert waited_for < 10, "it is waited for once, not at each broadcast; now and then, where much else runs"
        assert most - before < 50, "100 MB were sent, and 16 MiB may wait"
        # It reads on: its link is at its end, it says hello, and is there again.
        again, _ = standing.listener.accept()
        with again:
            said.sendall(local_links.build_frame(b"spica-pubsub-hello 1 " + standing.node.encode()))
            await until(lambda: told[2:] == [(standing.node, True)])


async def test_what_is_no_spica_is_cut_off(buses: Buses, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    one, two = await buses.start(), await buses.start()
    heard = hear(one)
    for said in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xff\xff\xff",
        local_links.build_frame(b"hello"),
        local_links.build_frame(b"spica-pubsub-hello 1 ../../x"),
    ):
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(str(folder / "shop" / one.node))
        peer.setblocking(False)
        with peer:
            await asyncio.get_running_loop().sock_sendall(peer, said)
            assert await asyncio.wait_for(asyncio.get_running_loop().sock_recv(peer, 10), WAIT_S) == b""
    await two.broadcast("t", "one")
    await until(lambda: names(heard) == ["one"])


@pytest.mark.parametrize("seed", range(5))
async def test_frames_are_the_same_however_they_are_cut(seed: int) -> None:
    chance = random.Random(seed)
    contents = [chance.randbytes(chance.choice([0, 1, 3, 100, 70_000, 300_000])) for _ in range(150)]
    taken: list[bytes] = []
    ended: list[local_links.Incoming] = []
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for one in (ours, theirs):
            one.setblocking(False)
        local_links.Incoming(theirs, loop, lambda link, content: taken.append(content), ended.append)
        octets = memoryview(b"".join(map(local_links.build_frame, contents)))
        while octets:
            length = chance.choice([1, 2, 5, 1_000, 65_536, 200_000])
            await loop.sock_sendall(ours, octets[:length])
            octets = octets[length:]
        await until(lambda: len(taken) == len(contents))
        assert taken == contents
        ours.shutdown(socket.SHUT_WR)
        await until(lambda: ended)


# What can't be


async def test_a_folder_that_others_may_enter_is_refused(buses: Buses, folder: Path) -> None:
    (folder / "shop").mkdir(parents=True)
    (folder / "shop").chmod(0o755)
    with pytest.raises(FolderRefused, match="mode 755"):
        await buses.start()


async def test_a_folder_of_another_user_is_refused(buses: Buses, folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    (folder / "shop").mkdir(parents=True, mode=0o700)
    os.chown(folder / "shop", 12345, 12345)
    with pytest.raises(FolderRefused, match="belongs to the user 12345"):
        await buses.start()


async def test_a_link_to_a_folder_is_refused(buses: Buses, folder: Path, tmp_path: Path) -> None:
    os.mkdir(folder)
    (folder / "shop").symlink_to(tmp_path)
    with pytest.raises(FolderRefused, match="is not a folder"):
        await buses.start()
    (folder / "shop").unlink()


async def test_a_folder_that_can_not_be_written_is_told(buses: Buses, folder: Path) -> None:
    make_file(folder)
    with pytest.raises(BrokerUnavailable) as raised:
        await buses.start()
    assert raised.value.where == str(folder / "shop")
    assert raised.value.status == 503
    assert str(folder) not in raised.value.detail, "what a client sees"


def test_what_can_not_be_used_is_told_with_what_is_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_file(folder)
    for url, why in (
        (f"local://{folder}", f"{folder} is no folder, so there can be none in it"),
        (f"local://{folder}/a/b", f"{folder} is no folder, so there can be none in it"),
        (
            "local:///proc/nope/shop",
            "No such file or directory: there is no nope in /proc, and the user {} can't make it",
        ),
    ):
        with pytest.raises(BrokerUnavailable) as raised:
            local.build_folder(url, "shop").check()
        assert raised.value.why == why.format(os.geteuid())
    assert raised.value.fix.startswith(f"sudo install -d -m 700 -o {os.geteuid()} /proc/nope/shop, or name another")
    os.unlink(folder)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(BrokerUnavailable) as raised:
        local.build_folder(f"local://{folder}", "shop").check()
    assert raised.value.why == (
        f"Permission denied: there is no run in {folder.parent}, and the user {os.geteuid()} can't make it"
    )


def test_a_folder_is_looked_at_without_a_trace(folder: Path) -> None:
    local.build_folder(f"local://{folder}", "shop").check()
    assert list(folder.iterdir()) == []
    (folder / "shop").mkdir(mode=0o755)
    with pytest.raises(FolderRefused, match="mode 755"):
        local.build_folder(f"local://{folder}", "shop").check()


async def test_a_full_disk_is_told(buses: Buses, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(local.Folder, "_open", refuse)
    with pytest.raises(BrokerUnavailable, match="make room"):
        await buses.start()


async def test_it_works_again_when_the_folder_does(buses: Buses, folder: Path) -> None:
    make_file(folder)
    bus = buses.make()
    heard = hear(bus)
    with pytest.raises(BrokerUnavailable):
        await bus.broadcast("t", "one")
    os.unlink(folder)
    await until(lambda: sockets(folder) == {bus.node})
    await bus.broadcast("t", "two")
    assert names(heard) == ["one", "two"]


@pytest.mark.parametrize("url", ["local:", "local://", "local://run/shop", "local:/run/shop", "local:///run?x=1"])
def test_a_url_it_does_not_take_is_refused(url: str) -> None:
    with pytest.raises(BrokerUrlError):
        build_broker(url, "shop")


@pytest.mark.parametrize("name", ["", "..", "a/b", ".x", "x" * 200, "ümläut"])
def test_any_name_is_that_of_a_folder_inside(name: str) -> None:
    folder = local.Folder(Path("/run/shop"), name).path
    assert folder.parent == Path("/run/shop")
    assert len(folder.name) == 16


def test_a_path_too_long_for_sockets_is_refused() -> None:
    with pytest.raises(BrokerUrlError, match="103"):
        build_broker(f"local:///{'x' * 90}", "shop")


# Loops that were closed


def test_a_bus_that_was_never_stopped_works_on_the_next_loop(folder: Path) -> None:
    bus = PubSub(LocalBroker(f"local://{folder}", "shop"))
    heard = hear(bus)
    asyncio.run(bus.broadcast("t", "one"))
    asyncio.run(bus.broadcast("t", "two"))
    assert names(heard) == ["one", "two"]
    assert len(sockets(folder)) == 1
    asyncio.run(_stop(bus))
    assert sockets(folder) == set()


async def _stop(bus: PubSub) -> None:
    await bus.start()
    await bus.stop()


async def test_descriptors_are_given_back(buses: Buses) -> None:
    gc.collect()  # what tests before this one have left open
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        all_of_them = [await buses.start() for _ in range(4)]
        for bus in all_of_them:
            await bus.stop()
    await until(lambda: len(os.listdir("/proc/self/fd")) <= before)
