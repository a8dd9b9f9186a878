"""Every Python block of the README and the reference runs as written, top to bottom, in its page's order."""

from __future__ import annotations

import ast
import asyncio
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs" / "reference").glob("*.md")))
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
