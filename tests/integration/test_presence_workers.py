"""Presence between real processes: workers that are killed, that stand still, and that come back (promise 34)."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from tests.integration.presence_app import APP, Person, await_presence, person, person_with
from tests.integration.workers import served

WORKERS = 3
SLOW_HEARTBEAT_S = 20.0
SLOW_HEART = f"""
from spica.presence.tracker import Tracker
Tracker.__init__.__kwdefaults__["heartbeat_s"] = {SLOW_HEARTBEAT_S}
"""


def one_with_each(stack: contextlib.ExitStack, port: int, pids: set[int]) -> dict[int, Person]:
    """A person with each worker, called after it."""
    people: dict[int, Person] = {}
    for number, pid in enumerate(sorted(pids)):
        people[pid] = person_with(stack, port, f"user-{number}", {pid})
    return people


def test_everybody_is_seen_on_all_workers_and_goes_with_a_killed_one(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", str(WORKERS), app=APP + SLOW_HEART) as server, contextlib.ExitStack() as stack:
        pids = server.await_pids(lambda pids: len(pids) == WORKERS)
        people = one_with_each(stack, server.port, pids)
        for one in people.values():
            one.await_keys("user-0", "user-1", "user-2")
            assert {metas[0]["pid"] for metas in one.presences.values()} == pids

        gone, *left = sorted(pids)
        os.kill(gone, signal.SIGKILL)
        killed_at = time.monotonic()
        for pid in left:
            people[pid].await_keys("user-1", "user-2")
        assert time.monotonic() - killed_at < SLOW_HEARTBEAT_S, "the bus notices at once, and not by a silence"

        # Who replaces it is told by the others, and so is its first client.
        [new] = server.await_pids(lambda pids: len(pids) == WORKERS and gone not in pids) - set(left)
        again = person_with(stack, server.port, "user-0", {new})
        for one in (again, *(people[pid] for pid in left)):
            one.await_keys("user-0", "user-1", "user-2")
        await_presence(server.port, {"user-0", "user-1", "user-2"}, {new, *left})


def test_a_worker_that_stands_still_is_dropped_and_comes_back_whole(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", str(WORKERS), app=APP) as server, contextlib.ExitStack() as stack:
        pids = server.await_pids(lambda pids: len(pids) == WORKERS)
        people = one_with_each(stack, server.port, pids)
        for one in people.values():
            one.await_keys("user-0", "user-1", "user-2")
        still, *others = sorted(pids)
        refs = {key: metas[0]["phx_ref"] for key, metas in people[others[0]].presences.items()}
        os.kill(still, signal.SIGSTOP)
        try:
            stopped_at = time.monotonic()
            for pid in others:
                people[pid].await_keys("user-1", "user-2")
            assert time.monotonic() - stopped_at < 15, "two heartbeats of 1.5 s, and what a busy machine adds"
            # What happens meanwhile is news to it.
            late = person_with(stack, server.port, "user-3", set(others))
            people[others[0]].await_keys("user-1", "user-2", "user-3")
        finally:
            os.kill(still, signal.SIGCONT)
        everybody = ("user-0", "user-1", "user-2", "user-3")
        for one in (*people.values(), late):
            one.await_keys(*everybody)
        assert {key: late.presences[key][0]["phx_ref"] for key in refs} == refs, "nobody had to join anew"
        # It gave the others their time: none of its clients saw one of them leave.
        people[still].read_for(0.1)
        assert people[still].left == []


def test_each_publisher_is_heard_in_order_on_every_worker(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", str(WORKERS), app=APP) as server, contextlib.ExitStack() as stack:
        pids = server.await_pids(lambda pids: len(pids) == WORKERS)
        people = one_with_each(stack, server.port, pids)
        for one in people.values():
            one.await_keys("user-0", "user-1", "user-2")
        for number in range(100):
            for one in people.values():
                one.ask("say", {"text": str(number)})
        for one in people.values():
            one.read(lambda one=one: len(one.said) == 300)
            for user in ("user-0", "user-1", "user-2"):
                assert [said["text"] for said in one.said if said["by"] == user] == [str(n) for n in range(100)]


def test_nobody_is_left_when_workers_are_replaced_one_by_one(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", str(WORKERS), app=APP) as server, contextlib.ExitStack() as stack:
        pids = server.await_pids(lambda pids: len(pids) == WORKERS)
        people = one_with_each(stack, server.port, pids)
        for one in people.values():
            one.await_keys("user-0", "user-1", "user-2")
        server.process.send_signal(signal.SIGHUP)
        new = server.await_pids(lambda now: len(now) == WORKERS and not now & pids)
        await_presence(server.port, set(), new)
        with person(server.port, "again") as one:
            one.await_keys("again")
            await_presence(server.port, {"again"}, new)
