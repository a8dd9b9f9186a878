"""`python -m benchmarks.rendering`: what `make bench-templates` calls."""

from __future__ import annotations

import argparse
import dataclasses
import html
import json
import re
import sys

from benchmarks import machine, processes
from benchmarks.data.report import render_machine, render_results, save_results
from benchmarks.data.rounds import OURS, PEERS, Child, Contender, measure_all, running
from benchmarks.rendering.compiling import measure_compiling
from benchmarks.rendering.pages import OPERATIONS

_SUBJECTS = "benchmarks.rendering.subjects"
LIMIT = Contender("raw", "by hand, C escape called directly (limit)", f"{_SUBJECTS}.by_hand", PEERS)
CONTENDERS = [
    Contender("spica", "**Spica**", f"{_SUBJECTS}.spica_templates", OURS),
    Contender("minijinja", "MiniJinja (Rust)", f"{_SUBJECTS}.minijinja_engine", PEERS),
    Contender("markupsafe", "by hand, markupsafe.escape", f"{_SUBJECTS}.with_markupsafe", PEERS),
    Contender("mako", "Mako", f"{_SUBJECTS}.mako_engine", PEERS),
    Contender("chameleon", "Chameleon", f"{_SUBJECTS}.chameleon_engine", PEERS),
    Contender("jinja2", "Jinja2", f"{_SUBJECTS}.jinja2_engine", PEERS),
    Contender("django", "Django", f"{_SUBJECTS}.django_engine", PEERS),
]


def main() -> int:
    """Measure and print the table. Returns 0."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rendering", description="Measure Spica's templates beside other engines."
    )
    parser.add_argument("--rounds", type=int, default=15, help="windows of each (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print every figure as JSON instead of the table")
    options = parser.parse_args()
    processes.end_all_at_exit()
    with running([LIMIT, *CONTENDERS], "", machine.choose_cores().server, _tell) as started:
        children = [child for child in started if _is_right(child, started[0])]
        results = measure_all(children, OPERATIONS, options.rounds, _tell, lambda: None)
        table = render_results("Templates", children, OPERATIONS, results)
    _tell("compiling and loading")
    costs = measure_compiling(options.rounds)
    before = "\n".join(map(str, costs))
    report = f"{render_machine('Templates', options.rounds)}\n\n{table}\n\n## Before rendering\n\n{before}\n"
    document = save_results("templates", report, {"templates": results})
    document["before rendering"] = [dataclasses.asdict(cost) for cost in costs]
    print(json.dumps(document) if options.json else report)
    return 0


def _is_right(child: Child, limit: Child) -> bool:
    """Whether both pages are those of the limit, white space and the spelling of entities aside."""
    for operation in OPERATIONS:
        shown, wanted = _plain(child.show(operation)), _plain(limit.show(operation))
        if shown != wanted:
            at = next((at for at, pair in enumerate(zip(shown, wanted, strict=False)) if pair[0] != pair[1]), 0)
            _tell(f"{child.contender.name} is left out, its {operation.title}: ...{shown[max(0, at - 20) : at + 60]}")
            return False
    return True


def _plain(page: str) -> str:
    return html.unescape(re.sub(r"\s+", "", page))


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
