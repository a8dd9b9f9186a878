"""Subjects as processes, measured in interleaved rounds.

Rules: every subject has a process of its own on one core; each round visits every subject in turn, so that they are
compared within seconds of each other, and every second round goes backwards. A ratio is taken within a round.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import places, processes
from benchmarks.data.operations import Operation
from benchmarks.failure import BenchmarkError

OURS, PEERS = places.VENV / "bin" / "python", places.PEERS_VENV / "bin" / "python"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Contender:
    """A subject that can be started.

    module: with its subject; python: of the environment that has what it needs.
    """

    name: str
    title: str
    module: str
    python: Path
    databases: tuple[str, ...] = ("sqlite", "postgresql")


@dataclass
class Figures:
    """What one contender took for one operation, microseconds a record, one a round; `error`: why it could not."""

    wall_us: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    error: str = ""

    def ratio(self, limit: Figures, clock: str = "cpu_us") -> float | None:
        """The median of the ratios within a round; None where one side is missing."""
        pairs = list(zip(getattr(self, clock), getattr(limit, clock), strict=False))
        return median(mine / other for mine, other in pairs) if pairs else None


Results = dict[str, dict[str, Figures]]
"""By operation, then by contender."""


class Child:
    """The process of a contender."""

    def __init__(self, contender: Contender, url: str, core: int) -> None:
        self.contender = contender
        command = [str(contender.python), "-m", "benchmarks.data.child", contender.module, url]
        self._process = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            cwd=places.ROOT,
            env={**processes.clean_environment(), "PYTHONPATH": str(places.ROOT / "src")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=processes.end_with_parent,  # noqa: PLW1509 (the suite has one thread)
        )
        self._answer()

    def measure(self, operation: Operation) -> dict[str, Any]:
        """Run one operation as often as it says."""
        assert self._process.stdin is not None
        print(operation.name, operation.count, file=self._process.stdin, flush=True)
        return self._answer()

    def show(self, operation: Operation) -> str:
        """What one call returns, as text; why it can't where it can't."""
        assert self._process.stdin is not None
        print(operation.name, 0, file=self._process.stdin, flush=True)
        answer = self._answer()
        return str(answer.get("text", answer.get("error")))

    def stop(self) -> None:
        """Let it close its connections and end; it is ended after a while."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        line = self._process.stdout.readline()
        if not line:
            said = self._process.stderr.read().strip()[-1500:]
            raise BenchmarkError(f"{self.contender.title} ended:\n{said}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def running(contenders: Sequence[Contender], url: str, core: int, progress: Progress) -> Iterator[list[Child]]:
    """Start the contenders; one that can't start is left out and told."""
    with ExitStack() as stack:
        children = []
        for contender in contenders:
            if not contender.python.exists():
                progress(f"{contender.name} is left out: run `make bench-setup`")
                continue
            try:
                child = Child(contender, url, core)
            except BenchmarkError as error:
                progress(f"{contender.name} is left out: {error.last_line}")
                continue
            stack.callback(child.stop)
            children.append(child)
        yield children


def measure_all(
    children: Sequence[Child],
    operations: Sequence[Operation],
    rounds: int,
    progress: Progress,
    between: Callable[[], None],
) -> Results:
    """Measure every operation on every contender. `between`: called after each operation."""
    results: Results = {}
    for operation in operations:
        figures = results[operation.name] = {child.contender.name: Figures() for child in children}
        for number in range(-1, rounds):  # the first one warms up
            for child in children if number % 2 == 0 else reversed(children):
                one = figures[child.contender.name]
                if one.error:
                    continue
                told = child.measure(operation)
                one.error = told.get("error", "")
                if number >= 0 and not one.error:
                    one.wall_us.append(told["wall_us"] / operation.of)
                    one.cpu_us.append(told["cpu_us"] / operation.of)
        for name, one in figures.items():
            if one.error:
                progress(f"{name} can't {operation.title}: {one.error}")
        progress(f"{operation.title}: done")
        between()
    return results
