"""A run: which parts, on which servers, in which order."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass

from benchmarks import figures, machine, processes, workloads
from benchmarks.failure import BenchmarkError
from benchmarks.machine import Cores
from benchmarks.measure.footprint import measure_footprint
from benchmarks.measure.idle import KINDS, measure_idle, raise_descriptor_limit
from benchmarks.measure.load import check_load_generators
from benchmarks.measure.routing import measure_routing
from benchmarks.measure.startup import measure_startup
from benchmarks.result import Result, Settings
from benchmarks.rounds import Progress, load_all
from benchmarks.servers import Server
from benchmarks.workloads import Workload

INTERPRETERS = 7
UNSTEADY = 1.25
"""From this spread of the reference's rounds on, a reader is warned."""


@dataclass(frozen=True)
class Plan:
    """What one run does: loads for these workloads, and the named other parts, on these servers."""

    servers: list[Server]
    workloads: list[Workload]
    footprint: bool
    idle: bool
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
        check_load_generators()
        load_all(plan.servers, plan.workloads, cores.server, result, progress)
        _note_errors(result)
        _note_unsteadiness(result)
    if plan.footprint:
        for server in [server for server in plan.servers if not server.is_variant]:
            progress(f"{server.name}: cold start, memory, idle connections")
            result.footprints[server.name] = measure_footprint(
                server, cores.server, starts=plan.settings.starts, connections=plan.settings.idle_connections
            )
    if plan.idle:
        _weigh_idle(plan, result, cores, progress)
    if plan.startup and has_spica:
        progress("import spica")
        result.startup = measure_startup(cores.server, INTERPRETERS)
    if plan.routing and has_spica:
        progress("routing")
        result.routing = measure_routing(cores.server, INTERPRETERS)


def _weigh_idle(plan: Plan, result: Result, cores: Cores, progress: Progress) -> None:
    count = plan.settings.idle_connections
    for kind in KINDS:
        result.idle[kind.name] = {}
        for server in [server for server in plan.servers if server.name in kind.servers]:
            progress(f"{server.name}: {count:,} idle connections, {kind.title}")
            try:
                result.idle[kind.name][server.name] = measure_idle(server, kind, cores.server, count)
            except BenchmarkError as error:
                note = f"{server.name} is left out of idle connections, {kind.title}: {error.last_line}"
                progress(note)
                result.notes.append(note)


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
                result.notes.append(f"{server}, {workload}: {errors} errors were counted (sockets, timeouts, status).")


def _note_unsteadiness(result: Result) -> None:
    references = {workload.name: workload.reference for workload in workloads.ALL}
    for workload, by_server in result.load.items():
        reference = references[workload]
        factor = figures.spread(by_server[reference]) if by_server.get(reference) else 1.0
        if factor > UNSTEADY:
            result.notes.append(
                f"{workload}: {reference} itself moved by a factor of {factor:.1f} between rounds, so other work "
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
