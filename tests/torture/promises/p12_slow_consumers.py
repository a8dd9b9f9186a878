"""Promise 12: subscribers that do not read cost a bounded queue, and nobody else waits for them."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field

from tests.torture.crowd import Crowd, Member
from tests.torture.promises.p20_idle import UPGRADE
from tests.torture.server import Attacked, attacked
from tests.torture.verdict import Run

SIZE = 16 * 1024
FRAME = SIZE + 4
SLOW = 20
TOO_SLOW = (1013).to_bytes(2, "big") + b"the client reads too slowly"


@dataclass
class Subscribers(Crowd):
    """A crowd that notes how long after its publication each of them has a message."""

    published_at: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    missing: dict[int, int] = field(default_factory=dict)

    def expect(self) -> None:
        self.published_at = time.monotonic()
        for member in self.members:
            if member.reads:
                descriptor = member.socket.fileno()
                self.missing[descriptor] = self.missing.get(descriptor, 0) + FRAME

    def _receive(self, member: Member) -> None:
        descriptor = member.socket.fileno()
        if descriptor not in self.missing:
            super()._receive(member)
            return
        chunk = member.socket.recv(65536)
        self.missing[descriptor] -= len(chunk)
        if not self.missing[descriptor]:
            del self.missing[descriptor]
            self.latencies_s.append(time.monotonic() - self.published_at)


def run(run: Run) -> None:
    # In the long form each slow one is sent 10 MB: more than the kernel keeps for it and its queue together.
    count, rounds = run.pick(200, 1000), run.pick(30, 600)
    with attacked() as server:
        alone, _ = _publish(server, count - SLOW, 0, rounds)
        beside, dropped = _publish(server, count - SLOW, SLOW, rounds)
    p99_alone, p99_beside = (statistics.quantiles(seen, n=100)[98] * 1000 for seen in (alone, beside))
    # Both runs are seconds apart on a machine that others use: in the short form only a stall is a failure.
    limit = run.pick(1000.0, max(2 * p99_alone, 5.0))
    run.say(12, f"others' p99 in ms, alone {p99_alone:.2f},", round(p99_beside, 2), limit)
    run.say(12, "messages delivered to others", len(beside), (count - SLOW) * rounds, at_least=True)
    if run.is_long:
        run.say(12, "slow ones that were dropped", dropped, SLOW, at_least=True)


def _publish(server: Attacked, readers: int, slow: int, rounds: int) -> tuple[list[float], int]:
    with Subscribers(server.port) as crowd:
        crowd.open(readers, UPGRADE)
        crowd.open(slow, UPGRADE, reads=False, receive_buffer=4096)
        assert crowd.run(20, until=lambda: all(member.first_at for member in crowd.members if member.reads))
        assert crowd.run(20, until=lambda: not any(member.pending for member in crowd.members))
        for _ in range(rounds):
            crowd.expect()
            server.ask(f"/publish/{SIZE}")
            if not crowd.run(20, until=lambda: not crowd.missing):
                break
        return crowd.latencies_s, sum(_was_dropped(member) for member in crowd.members if not member.reads)


def _was_dropped(member: Member) -> bool:
    """Read what the kernel holds for a slow one: to the goodbye, or to the end when it came too late for that."""
    member.socket.settimeout(10)
    last = b""
    try:
        while chunk := member.socket.recv(1 << 20):
            last = (last + chunk)[-200:]
            if TOO_SLOW in last:
                return True
    except TimeoutError:
        return False
    except ConnectionResetError:
        pass
    return True
