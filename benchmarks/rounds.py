"""Servers under load, in interleaved rounds.

Rules: workloads of the same servers make a group. All servers of a group are started once and kept; every round visits
every workload of it and, within that, every server in turn, so that servers are compared within seconds of each other;
every second round goes backwards, so that none always comes first. A server that lacks the feature that a workload is
about, which asking it tells, is left out of that workload, and the report says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from benchmarks.failure import BenchmarkError
from benchmarks.measure.load import check_answer, measure_load, why_not_loaded
from benchmarks.processes import RunningServer
from benchmarks.result import Result, Settings
from benchmarks.servers import Server
from benchmarks.workloads import Workload

WARM_UP_S = 0.3
WARM_UP_WITH_DATABASE_S = 1.0

Progress = Callable[[str], None]


def load_all(
    servers: Sequence[Server], workloads: Sequence[Workload], core: int, result: Result, progress: Progress
) -> None:
    """Measure every workload on those of its servers that are given; fills `result.load` and `result.notes`."""
    groups: dict[tuple[tuple[str, ...], str], list[Workload]] = {}
    for workload in workloads:
        groups.setdefault((workload.servers, workload.database), []).append(workload)
    for (names, database), group in groups.items():
        chosen = [server for server in servers if server.name in names]
        with _prepared(database):
            _Group(group, core, result, progress).run(chosen, result.settings)


def _prepared(database: str) -> AbstractContextManager[None]:
    if not database:
        return nullcontext()
    # Lazy: only these workloads need Spica's own database layer.
    from benchmarks.pages.database import made_pages_database

    return made_pages_database(database)


class _Group:
    """Workloads that are measured on the same servers, in the same rounds."""

    def __init__(self, workloads: list[Workload], core: int, result: Result, progress: Progress) -> None:
        self._workloads = workloads
        self._core = core
        self._result = result
        self._progress = progress
        self._able: dict[str, list[RunningServer]] = {}

    def run(self, servers: Sequence[Server], settings: Settings) -> None:
        for workload in list(self._workloads):
            if missing := why_not_loaded(workload):
                self._workloads.remove(workload)
                self._tell(f"{workload.name} is left out: {missing}")
        self._able = {workload.name: [] for workload in self._workloads}
        running = [one for server in servers if self._workloads and (one := self._start(server))]
        for workload in self._workloads:
            able = self._able[workload.name]
            self._result.load[workload.name] = {one.server.name: [] for one in able}
        for number in range(settings.rounds):
            for workload in self._workloads:
                self._round(number, workload, settings)
        for one in running:
            one.stop()

    def _round(self, number: int, workload: Workload, settings: Settings) -> None:
        able = self._able[workload.name]
        for one in able if number % 2 == 0 else reversed(able):
            sample = measure_load(one, workload, settings.seconds)
            self._result.load[workload.name][one.server.name].append(sample)
            self._progress(
                f"round {number + 1}/{settings.rounds}  {workload.name:<10} {one.server.name:<15}"
                f"{sample.rate:>10,.0f} {workload.unit}/s {sample.cpu_us:>8.2f} us CPU"
            )

    def _start(self, server: Server) -> RunningServer | None:
        self._progress(f"{server.name}: start, check the answers, warm up")
        try:
            running = RunningServer(server, self._core)
        except BenchmarkError as error:
            self._leave_out(server, self._workloads, error)
            return None
        for workload in self._workloads:
            try:
                check_answer(running, workload)
            except BenchmarkError as error:
                self._leave_out(server, [workload], error)
                continue
            self._able[workload.name].append(running)
            measure_load(running, workload, WARM_UP_WITH_DATABASE_S if workload.database else WARM_UP_S)
        return running

    def _leave_out(self, server: Server, workloads: list[Workload], error: BenchmarkError) -> None:
        """Go on without this server, unless one of these workloads needs nothing that a server may lack."""
        for workload in workloads:
            if not workload.feature:
                raise error
            self._tell(f"{server.name} is left out of {workload.name}, it has no {workload.feature}: {error.last_line}")

    def _tell(self, text: str) -> None:
        self._progress(text)
        self._result.notes.append(text)
