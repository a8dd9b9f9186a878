"""A run: which parts, which servers, in which order.

Rules: all servers under load are started once and kept; every round visits every workload and, within it, every server
in turn, so that servers are compared within seconds of each other; every second round goes backwards, so that none
always comes first.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import figures, machine, processes
from benchmarks.failure import BenchmarkError
from benchmarks.machine import Cores
from benchmarks.measure.footprint import measure_footprint, raise_descriptor_limit
from benchmarks.measure.load import check_answer, check_wrk, measure_load
from benchmarks.measure.routing import measure_routing
from benchmarks.measure.startup import measure_startup
from benchmarks.processes import RunningServer
from benchmarks.result import Result, Settings
from benchmarks.servers import Server
from benchmarks.workloads import Workload

WARM_UP_S = 0.3
INTERPRETERS = 7
UNSTEADY = 1.25
"""From this spread of the limit's rounds on, a reader is warned."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What one run does: loads for these workloads, and the named other parts, on these servers."""

    servers: list[Server]
    workloads: list[Workload]
    footprint: bool
    startup: bool
    routing: bool
    settings: Settings


def run(plan: Plan, progress: Progress) -> Result:
    """Carry the plan out. Every server it starts has ended when it returns or raises."""
    processes.end_all_at_exit()
    raise_descriptor_limit()
    cores = machine.choose_cores()
    result = Result(
        date=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        machine=machine.describe_machine(),
        settings=plan.settings,
        versions=machine.versions_of_peers(),
    )
    _note_doubts(result, plan, cores)
    os.sched_setaffinity(0, {cores.load})  # wrk inherits it; servers are given theirs
    try:
        _run_parts(plan, result, cores, progress)
    finally:
        processes.end_all()
    return result


def _run_parts(plan: Plan, result: Result, cores: Cores, progress: Progress) -> None:
    has_spica = any(server.name == "spica" for server in plan.servers)
    if plan.workloads:
        _load_all(plan, result, cores, progress)
    if plan.footprint:
        for server in plan.servers:
            progress(f"{server.name}: cold start, memory, idle connections")
            result.footprints[server.name] = measure_footprint(
                server, cores.server, starts=plan.settings.starts, connections=plan.settings.idle_connections
            )
    if plan.startup and has_spica:
        progress("import spica")
        result.startup = measure_startup(cores.server, INTERPRETERS)
    if plan.routing and has_spica:
        progress("routing")
        result.routing = measure_routing(cores.server, INTERPRETERS)


def _load_all(plan: Plan, result: Result, cores: Cores, progress: Progress) -> None:
    check_wrk()
    running = [_start(server, cores, plan, progress) for server in plan.servers]
    result.load = {workload.name: {one.server.name: [] for one in running} for workload in plan.workloads}
    for number in range(plan.settings.rounds):
        for workload in plan.workloads:
            for one in running if number % 2 == 0 else reversed(running):
                sample = measure_load(one, workload, plan.settings.seconds)
                result.load[workload.name][one.server.name].append(sample)
                progress(
                    f"round {number + 1}/{plan.settings.rounds}  {workload.name:<10} {one.server.name:<10}"
                    f"{sample.rate:>10,.0f} req/s {sample.cpu_us:>8.2f} us CPU"
                )
    for one in running:
        one.stop()
    _note_errors(result)
    _note_unsteadiness(result)


def _start(server: Server, cores: Cores, plan: Plan, progress: Progress) -> RunningServer:
    progress(f"{server.name}: start, check the answers, warm up")
    running = RunningServer(server, cores.server)
    for workload in plan.workloads:
        check_answer(running, workload)
        measure_load(running, workload, WARM_UP_S)
    return running


def _note_doubts(result: Result, plan: Plan, cores: Cores) -> None:
    if result.machine.is_busy:
        result.notes.append(
            f"The machine was busy: other work used {result.machine.busy_share:.0%} of its cores before the run began. "
            "Trust the ratios of CPU time more than anything else here."
        )
    if cores.server == cores.load:
        result.notes.append("Only one core: servers and load generator shared it, so req/s says little.")


def _note_errors(result: Result) -> None:
    for workload, by_server in result.load.items():
        for server, samples in by_server.items():
            errors = sum(sample.errors for sample in samples)
            if errors:
                result.notes.append(f"{server}, {workload}: wrk counted {errors} errors (sockets, timeouts, status).")


def _note_unsteadiness(result: Result) -> None:
    for workload, by_server in result.load.items():
        factor = figures.spread(by_server["limit"])
        if factor > UNSTEADY:
            result.notes.append(
                f"{workload}: the limit itself moved by a factor of {factor:.1f} between rounds, so other work "
                "disturbed them: trust CPU time, not req/s."
            )


def installed_servers(servers: list[Server], progress: Progress) -> list[Server]:
    """Return those that can run, telling about each that cannot. Raises BenchmarkError when none can."""
    present = [server for server in servers if server.installed]
    for server in servers:
        if server not in present:
            progress(f"{server.name} is left out, it is not installed: {server.hint}")
    if not present:
        raise BenchmarkError("None of the servers is installed: run `make setup` and `make bench-setup`.")
    return present
