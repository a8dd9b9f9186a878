"""What comes before rendering: compiling a page of 100 lines, and loading 1,000 compiled templates from disk.

Rules of this file:
- CPU time of this process, the median of the rounds; every round starts with templates that nothing has read yet.
- Beside each figure stands what Python's own `compile()` takes for the generated tree: no compiler here goes below it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from spica.templates import Templates
from spica.templates.codegen import generate_function
from spica.templates.library import Library
from spica.templates.loader import Loader

COMPILE_MS, LOAD_MS = 2.0, 200.0  # the budgets
LOADED = 1_000
_LINES = 100

_LAYOUT = """\
{% params theme: str, year: int %}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{% block title %}Shop{% end %}</title>
</head>
<body class="{{ theme }}">
<main>
{% block content %}{% end %}
</main>
<footer>{{ year }}</footer>
</body>
</html>
"""
_HEAD = """\
{% extends "layout" %}
{% params rows: list, title: str, theme: str = "light", year: int = 2026 %}
{% block title %}{{ title }} - Shop{% end %}
{% block content %}
<h1>{{ title }}</h1>
<p>{{ rows | length }} rows in all, {{ "none" if not rows else "some" }} shown.</p>
{% for row in rows %}
<p class="{{ 'odd' if loop.index % 2 else 'even' }}">{{ row.id }}</p>
<p><a href="/users/{{ row.id }}">{{ row.name }}</a> {{ row.email | upper }}</p>
<p>{% include "_badge" active=row.active %}</p>
<p>{% component "stat" label="Score" value=row.score %}{% end %}</p>
{% else %}
<p>Nothing here yet.</p>
{% end %}
{% if len(rows) > 10 %}<a href="?page={{ len(rows) }}" title="{{ title }}">Last</a>{% end %}
"""
_BADGE = "{% params active: bool %}<b>{% if active %}active{% else %}inactive{% end %}</b>\n"
_STAT = '{% params label: str, value: int %}<div class="stat"><b>{{ label }}</b> {{ value }}</div>\n'


@dataclass(frozen=True)
class Cost:
    """One figure: what was done, its milliseconds, those of `compile()` in it, and the budget; None where none is."""

    title: str
    ms: float
    floor_ms: float | None
    budget_ms: float | None

    def __str__(self) -> str:
        floor = "" if self.floor_ms is None else f", Python's own compile() {self.floor_ms:.2f} of it"
        budget = "" if self.budget_ms is None else f" (budget {self.budget_ms:g})"
        return f"- {self.title}: {self.ms:.3g} ms CPU{budget}{floor}"


def measure_compiling(rounds: int) -> list[Cost]:
    """Compile both pages and load the templates, as often as said."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _write(root)
        return [
            _compile(root, "plain", "compile a page of 100 lines, 30 outputs", COMPILE_MS, rounds),
            _compile(root, "page", "compile one with its layout, include and component", None, rounds),
            _load(root, rounds),
        ]


def _compile(root: Path, name: str, title: str, budget: float | None, rounds: int) -> Cost:
    views = root / "pages/views"
    taken = [_ms(partial(Templates(views).get, name)) for _ in range(rounds)]
    library = Library(Loader([views], [views.parent / "components"]))
    trees = [generate_function(library.document(name), library).tree for _ in range(rounds)]
    floor = [_ms(partial(compile, tree, name, "exec")) for tree in trees]
    return Cost(title, median(taken), median(floor), budget)


def _load(root: Path, rounds: int) -> Cost:
    names = [f"page{number}" for number in range(LOADED)]

    def load() -> None:
        templates = Templates(root / "many/views", compiled=root / "compiled")
        for name in names:
            templates.get(name)

    load()  # compiles them, into the folder
    return Cost(f"load {LOADED:,} compiled templates", median(_ms(load) for _ in range(rounds)), None, LOAD_MS)


def _ms(call: Callable[[], object]) -> float:
    start = time.process_time_ns()
    call()
    return (time.process_time_ns() - start) / 1e6


def _write(root: Path) -> None:
    for folder in ("pages/views", "pages/components", "many/views"):
        (root / folder).mkdir(parents=True)
    views = root / "pages/views"
    (views / "plain.html").write_text("".join(_line(number, outputs=30) for number in range(_LINES)))
    head = _HEAD.count("\n")
    lines = "".join(_line(number, outputs=10) for number in range(head, _LINES - 1))
    (views / "page.html").write_text(f"{_HEAD}{lines}{{% end %}}\n")
    (views / "layout.html").write_text(_LAYOUT)
    (views / "_badge.html").write_text(_BADGE)
    (root / "pages/components/stat.html").write_text(_STAT)
    for number in range(LOADED):
        text = f'<h1>Page {number}: {{{{ title }}}}</h1>\n<p class="row">{{{{ rows | length }}}}</p>\n'
        loop = "{% for row in rows %}\n<li>{{ row.name }}</li>\n{% end %}\n"
        (root / f"many/views/page{number}.html").write_text(text + loop)


def _line(number: int, outputs: int) -> str:
    if number * outputs % _LINES < outputs:
        return f'<p class="row-{number}">Line {number}: {{{{ title.part{number} }}}}</p>\n'
    return f'<p class="row-{number}">Literal text of line {number} with <b>markup</b> in it.</p>\n'
