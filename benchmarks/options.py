"""The command line: what `python -m benchmarks` accepts, and the plan that it means."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from difflib import get_close_matches

from benchmarks import servers, workloads
from benchmarks.failure import BenchmarkError
from benchmarks.result import Settings
from benchmarks.runner import Plan
from benchmarks.servers import Server

OTHER_PARTS = ["footprint", "idle", "import", "routing"]
PARTS = [*(workload.name for workload in workloads.ALL), *OTHER_PARTS]
FULL = Settings(seconds=2.0, rounds=5, starts=7, idle_connections=10_000)
SHORT = Settings(seconds=1.0, rounds=3, starts=3, idle_connections=1000)


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the three commands."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure Spica beside the limit and its peers."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("setup", help="install the peers into .venv-bench and compile the limit")
    run = commands.add_parser("run", help="the whole suite; prints a report and writes it to benchmarks/results/")
    run.add_argument("--json", action="store_true", help="print the result as JSON instead of tables")
    _add_settings(run, FULL)
    run.add_argument("--only", type=_split, default=PARTS, metavar="PARTS", help=f"of {','.join(PARTS)}")
    families = list(dict.fromkeys(server.family for server in servers.ALL))
    run.add_argument(
        *("--servers",),
        type=_split,
        default=families,
        metavar="NAMES",
        help=f"of {','.join(families)}; the limit always runs",
    )
    check = commands.add_parser("check", help="the short form: Spica and the limit, compared with the stored baseline")
    check.add_argument("--save", action="store_true", help="store the ratios as the baseline of this kind of machine")
    _add_settings(check, SHORT)
    return parser


def _add_settings(parser: argparse.ArgumentParser, settings: Settings) -> None:
    parser.add_argument(
        "--seconds", type=_positive, default=settings.seconds, help="length of one window (%(default)s)"
    )
    parser.add_argument("--rounds", type=_count, default=settings.rounds, help="windows of each server (%(default)s)")
    parser.add_argument(
        "--starts", type=_count, default=settings.starts, help="cold starts of each server (%(default)s)"
    )
    parser.add_argument(
        "--idle", type=_count, default=settings.idle_connections, help="idle connections to weigh (%(default)s)"
    )


def build_plan(options: argparse.Namespace) -> Plan:
    """Turn parsed options of `run` into a plan. Raises BenchmarkError for a part or server that does not exist."""
    parts = _check_names("part", options.only, PARTS)
    names = _check_names(
        "server", options.servers, list(dict.fromkeys(name for one in servers.ALL for name in (one.family, one.name)))
    )
    return Plan(
        servers=[
            server
            for server in servers.ALL
            if server.family == servers.LIMIT.name or {server.name, server.family} & set(names)
        ],
        workloads=[workload for workload in workloads.ALL if workload.name in parts],
        footprint="footprint" in parts,
        idle="idle" in parts,
        startup="import" in parts,
        routing="routing" in parts,
        settings=_settings(options),
    )


def build_check_plan(options: argparse.Namespace) -> Plan:
    """Turn parsed options of `check` into a plan: every workload of the limit, on that and Spica."""
    compared: list[Server] = [servers.LIMIT, servers.SPICA]
    shared = [workload for workload in workloads.ALL if servers.LIMIT.name in workload.servers]
    return Plan(
        compared, shared, footprint=False, idle=False, startup=False, routing=False, settings=_settings(options)
    )


def _settings(options: argparse.Namespace) -> Settings:
    return Settings(options.seconds, options.rounds, options.starts, options.idle)


def _check_names(what: str, given: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise BenchmarkError(f"There is no {what} {name!r}.{meant} There are: {', '.join(known)}.")
    return given


def _split(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number <= 600:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 600 seconds")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number
