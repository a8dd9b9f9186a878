"""Every Python block of the README, the reference and COMPLETE runs as written, top to bottom, in its page's order."""

from __future__ import annotations

import ast
import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from spica.testing import running_client

ROOT = Path(__file__).parents[2]
# How-tos whose code is whole; those that build a project are followed by tests of their own.
COMPLETE = (ROOT / "docs" / "how-to" / "come-from-another-framework.md",)
PAGES = [
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs" / "reference").glob("*.md")), *COMPLETE)
    if "```python\n" in page.read_text()
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_blocks_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "documentation"}
    blocks = list(re.finditer(r"```python\n(.*?)```", page.read_text(), re.DOTALL))
    for block in blocks:
        line = page.read_text()[: block.start(1)].count("\n")
        # The place in the page, so that a traceback shows it.
        code = compile("\n" * line + block[1], str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        waiting = eval(code, names)  # our own documentation
        if waiting is not None:
            asyncio.run(waiting)
    assert blocks


def test_there_are_pages_with_code() -> None:
    assert len(PAGES) >= 4


def test_the_page_for_newcomers_says_what_answers() -> None:
    names: dict[str, Any] = {"__name__": "newcomers"}
    (block,) = re.findall(r"```python\n(.*?)```", COMPLETE[0].read_text(), re.DOTALL)
    exec(compile(block, str(COMPLETE[0]), "exec", dont_inherit=True), names)

    async def ask() -> None:
        async with running_client(names["app"]) as client:
            (await client.get("/items/7")).expect_json({"name": "Lamp", "price": 20})
            (await client.get("/items/8").accept("json")).expect_problem(404)
            (await client.get("/items").query(limit=0).accept("json")).expect_problem(422, field="limit")
            (await client.post("/items", json={"name": "Rug"})).expect_status(201)

    asyncio.run(ask())
