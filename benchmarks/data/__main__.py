"""`python -m benchmarks.data`: what `make bench-data` calls."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from benchmarks import machine, processes
from benchmarks.data.contenders import CONTENDERS, LIMITS
from benchmarks.data.databases import KINDS, made_database
from benchmarks.data.operations import ALL
from benchmarks.data.report import render_machine, render_results, save_results
from benchmarks.data.rounds import Results, measure_all, running
from benchmarks.data.tables import create_tables, shrink_tables
from benchmarks.failure import BenchmarkError

_TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MariaDB"}


def main() -> int:
    """Measure. Returns 0, or 2 when the suite could not do what it was asked."""
    options = _build_parser().parse_args()
    found: dict[str, Results] = {}
    parts = [render_machine("Data", options.rounds)]
    processes.end_all_at_exit()
    for kind in options.databases:
        try:
            parts.append(_measure(kind, options, found))
        except BenchmarkError as error:
            print(error, file=sys.stderr)
            return 2
    report = "\n\n".join(parts) + "\n"
    document = save_results("data", report, found)
    print(json.dumps(document) if options.json else report)
    return 0


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.data",
        description="Measure Spica's models beside the raw drivers and other mappers, in interleaved rounds.",
        epilog="Example: python -m benchmarks.data --databases sqlite --only get,list --rounds 15",
    )
    names = [operation.name for operation in ALL]
    contenders = [one.name for one in CONTENDERS]
    parser.add_argument(
        "--databases", type=_of(KINDS), default=KINDS[:2], metavar="NAMES", help=f"of {','.join(KINDS)}"
    )
    parser.add_argument("--only", type=_of(names), default=names, metavar="OPERATIONS", help=f"of {','.join(names)}")
    parser.add_argument(
        "--contenders",
        type=_of(contenders),
        default=contenders,
        metavar="NAMES",
        help=f"of {','.join(contenders)}; the raw driver always runs",
    )
    parser.add_argument("--rounds", type=int, default=7, help="windows of each (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print every figure as JSON instead of tables")
    return parser


def _of(known: list[str]) -> object:
    def read(text: str) -> list[str]:
        names = text.split(",")
        if wrong := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"there is no {wrong[0]!r}; there are {', '.join(known)}")
        return names

    return read


def _measure(kind: str, options: argparse.Namespace, found: dict[str, Results]) -> str:
    contenders = [one for one in CONTENDERS if kind in one.databases and one.name in options.contenders]
    operations = [one for one in ALL if one.name in options.only]
    with made_database(kind) as url:
        _tell(f"{kind}: making the tables")
        asyncio.run(create_tables(url))
        core = machine.choose_cores().server
        with running([LIMITS[kind], *contenders], url, core, _tell) as children:
            results = measure_all(children, operations, options.rounds, _tell, lambda: asyncio.run(shrink_tables(url)))
            found[kind] = results
            return render_results(_TITLES[kind], children, operations, results)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
