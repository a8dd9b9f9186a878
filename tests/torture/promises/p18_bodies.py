"""Promise 18: content beyond the limit is refused, and does not fill the memory on its way there."""

from __future__ import annotations

import threading
import time

from tests.torture.crowd import Crowd
from tests.torture.server import Attacked, attacked
from tests.torture.verdict import Run

POST = b"POST /upload HTTP/1.1\r\nHost: a\r\n"
CHUNK = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
PART = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
MIB = 1 << 20
TOTAL_MIB = 2048


class Peak(threading.Thread):
    """The most memory that a server has had while this ran."""

    def __init__(self, server: Attacked) -> None:
        super().__init__(daemon=True)
        self.server, self.before, self.most, self.stop = server, server.rss_bytes(), 0, threading.Event()

    def run(self) -> None:
        while not self.stop.wait(0.02):
            self.most = max(self.most, self.server.rss_bytes())

    @property
    def grown_mib(self) -> float:
        return max(0, self.most - self.before) / MIB


def run(run: Run) -> None:
    count = run.pick(10, 50)
    announced = b"Content-Length: %d\r\n\r\n" % (TOTAL_MIB * MIB)
    multipart = b"Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n"
    multipart += b"%x\r\n%s\r\n" % (len(PART), PART)
    paths = {
        "Content-Length": (POST + announced, bytes(MIB)),
        "chunked": (POST + b"Transfer-Encoding: chunked\r\n\r\n", CHUNK),
        "multipart": (POST + multipart, CHUNK),
    }
    for name, (head, piece) in paths.items():
        with attacked() as server, Crowd(server.port) as crowd:
            peak = Peak(server)
            peak.start()
            crowd.open(count, head)
            deadline = time.monotonic() + 60
            sent = 0
            while crowd.alive and sent < TOTAL_MIB and time.monotonic() < deadline:
                if all(not member.pending for member in crowd.alive):
                    crowd.send(piece)
                    sent += 1
                crowd.run(0.05, until=lambda crowd=crowd: all(not member.pending for member in crowd.alive))
            peak.stop.set()
            peak.join()
            refused = sum(b" 413 " in member.received[:20] for member in crowd.members)
        run.say(18, f"{name}: MiB grown by {count} posts of 2 GiB", round(peak.grown_mib, 1), 64)
        run.say(18, f"{name}: posts answered 413", refused, count, at_least=True)
