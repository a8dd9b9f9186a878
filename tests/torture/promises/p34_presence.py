"""Promise 34: whoever is killed or stands still, all workers agree on who is there, and hear each publisher in order.

What networks do is in tests/unit/presence/test_convergence.py, without processes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from websockets.exceptions import WebSocketException

from tests.integration.presence_app import APP, Person, await_presence, person
from tests.integration.workers import Served, served
from tests.torture.verdict import Run

WORKERS = 3
PEOPLE = 9
HEARTBEAT_S = 1.5
SILENCE_S = 2 * HEARTBEAT_S + HEARTBEAT_S / 3
"""Two heartbeats and the grace: after it, nobody may be seen who is gone."""
MARGIN_S = 1.5  # a busy machine
SHORT_MARGIN_S = 10.0  # one on which other tests run, and one core for two workers


class Party:
    """People in one room, each with some worker; who is there is the truth."""

    def __init__(self, server: Served) -> None:
        self.server = server
        self.people: dict[str, tuple[Person, contextlib.ExitStack]] = {}
        self.guests = 0
        self.out_of_order = 0

    def fill(self) -> None:
        """Let people come until all are there."""
        while len(self.people) < PEOPLE:
            self.guests += 1
            stack = contextlib.ExitStack()
            try:
                one = stack.enter_context(person(self.server.port, f"guest-{self.guests}"))
            except (OSError, WebSocketException):  # its worker was just killed
                stack.close()
                continue
            self.people[f"guest-{self.guests}"] = one, stack

    def talk(self, number: int) -> None:
        for one, _ in self.people.values():
            one.ask("say", {"text": str(number)})

    def lose(self, pid: int) -> None:
        """Those who were with a worker are gone with it."""
        for user, (one, stack) in list(self.people.items()):
            if one.pid == pid:
                self._check_order(one)
                del self.people[user]
                stack.close()

    def leave(self, user: str) -> None:
        one, stack = self.people.pop(user)
        self._check_order(one)
        stack.close()

    def disagree(self, deadline: float) -> tuple[int, int]:
        """Wait until everybody sees who is there. Returns how many ghosts and missing people were seen at the end."""
        ghosts = missing = 0
        for one, _ in self.people.values():
            with contextlib.suppress(AssertionError):
                one.await_keys(*self.people, timeout_s=max(0.05, deadline - time.monotonic()))
            ghosts += len(one.presences.keys() - self.people.keys())
            missing += len(self.people.keys() - one.presences.keys())
        return ghosts, missing

    def _check_order(self, one: Person) -> None:
        last: dict[str, int] = {}
        for said in one.said:
            number = int(said["text"])
            self.out_of_order += number <= last.get(said["by"], -1)
            last[said["by"]] = number
        one.said.clear()


def run(run: Run) -> None:
    within_s = SILENCE_S + run.pick(SHORT_MARGIN_S, MARGIN_S)
    ghosts = missing = kills = 0
    longest = 0.0
    over_at = time.monotonic() + run.pick(60, 900)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder), "--workers", str(WORKERS), app=APP) as server,
    ):
        server.await_pids(lambda pids: len(pids) == WORKERS)
        party = Party(server)
        while kills < run.pick(8, 100) and time.monotonic() < over_at:
            party.fill()
            party.talk(kills)
            party.leave(run.random.choice(sorted(party.people)))
            victim = run.random.choice(sorted({one.pid for one, _ in party.people.values()}))
            stands_still = run.random.random() < 0.1
            with stopped(victim) if stands_still else contextlib.nullcontext():
                if stands_still:
                    time.sleep(SILENCE_S * run.random.uniform(0.3, 1.5))
                else:
                    os.kill(victim, signal.SIGKILL)
                    party.lose(victim)
            began = time.monotonic()
            seen = party.disagree(began + within_s)
            longest = max(longest, time.monotonic() - began)
            ghosts, missing, kills = ghosts + seen[0], missing + seen[1], kills + 1
        everywhere = server.await_pids(lambda pids: len(pids) == WORKERS)
        await_presence(server.port, set(party.people), everywhere)
        for user in list(party.people):
            party.leave(user)
        await_presence(server.port, set(), everywhere)
    run.say(34, "workers killed or stopped", kills, run.pick(2, 100), at_least=True)
    run.say(34, "ghosts two heartbeats later", ghosts, 0)
    run.say(34, "people who were there and not seen", missing, 0)
    run.say(34, "longest until all agreed in s", round(longest, 2), run.pick(within_s, SILENCE_S))
    run.say(34, "messages out of their publisher's order", party.out_of_order, 0)


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Have a process stand still for the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
