"""The workloads: what is asked of every server, and the answer that counts as right."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    """One kind of request under load. `depth` requests are written at once; `answer` is the decoded body to get."""

    name: str
    title: str
    path: str
    answer: object
    depth: int = 1

    def accepts(self, body: bytes) -> bool:
        """Tell whether `body` is the right answer; JSON may be spaced and ordered as the server likes."""
        if isinstance(self.answer, str):
            return body == self.answer.encode()
        try:
            return bool(json.loads(body) == self.answer)
        except ValueError:
            return False


HELLO = "Hello, World!"

ALL = [
    Workload("plaintext", "plaintext", "/plaintext", HELLO),
    Workload("pipelined", "plaintext, pipelined x16", "/plaintext", HELLO, depth=16),
    Workload("user", "typed int parameter to JSON", "/users/7", {"id": 7, "name": "Ada Lovelace"}),
    Workload("await", "async handler that awaits once", "/await", HELLO),
]
