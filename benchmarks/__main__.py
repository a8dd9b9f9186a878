"""`python -m benchmarks run | check | setup`; what `make bench`, `make bench-check` and `make bench-setup` call."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from benchmarks import baseline
from benchmarks.failure import BenchmarkError
from benchmarks.install import install_peers, prepare
from benchmarks.options import build_check_plan, build_parser, build_plan
from benchmarks.report import build_document, render_report, save_report
from benchmarks.result import Result
from benchmarks.runner import Plan, installed_servers, run
from benchmarks.tables import render_significant, render_table


def main() -> int:
    """Run one command. Returns 0, 1 for a regression, 2 when the suite could not do what it was asked."""
    options = build_parser().parse_args()
    commands = {"run": _run, "check": _check, "setup": _setup}
    try:
        return commands[options.command](options)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _setup(_: argparse.Namespace) -> int:
    install_peers(_tell)
    return 0


def _run(options: argparse.Namespace) -> int:
    result = _carry_out(build_plan(options))
    path = save_report(result)
    print(json.dumps(build_document(result)) if options.json else render_report(result))
    _tell(f"written to {path} and {path.with_suffix('.json').name}")
    return 0


def _check(options: argparse.Namespace) -> int:
    plan = build_check_plan(options)
    result = _carry_out(plan)
    kind = result.machine.kind
    if options.save:
        baseline.save_baseline(kind, baseline.ratios(result))
        _tell(f"stored as the baseline of: {kind}")
    comparisons = baseline.compare(result, baseline.load_baseline(kind))
    if any(one.regressed for one in comparisons):
        _tell("slower than the baseline: measuring once more, with longer windows, before saying so")
        longer = dataclasses.replace(plan.settings, seconds=plan.settings.seconds * 2)
        result = _carry_out(dataclasses.replace(plan, settings=longer))
        comparisons = baseline.compare(result, baseline.load_baseline(kind))
    _print_comparisons(result, comparisons)
    return int(any(one.regressed for one in comparisons))


def _print_comparisons(result: Result, comparisons: list[baseline.Comparison]) -> None:
    print(render_report(result))
    rows = [
        [one.workload, render_significant(one.ratio), render_significant(one.stored), one.word] for one in comparisons
    ]
    print(render_table(["CPU a request, to the limit", "now", "baseline", ""], rows))
    if not any(one.stored for one in comparisons):
        print(f"\nNo baseline is stored for this kind of machine ({result.machine.kind}): nothing to compare with.")


def _carry_out(plan: Plan) -> Result:
    prepare()
    plan = dataclasses.replace(plan, servers=installed_servers(plan.servers, _tell))
    return run(plan, _tell)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
