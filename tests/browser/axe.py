"""axe-core in a page: what it says of accessibility."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

SCRIPT = Path(__file__).parent / "assets" / "axe.min.js"


def find_violations(page: Page) -> list[str]:
    """What axe-core finds wrong on a page: its rules, each with the elements."""
    assert SCRIPT.is_file(), "no axe-core: `python tools/assets.py` fetches it"
    page.evaluate(SCRIPT.read_text("utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    return [f"{rule['id']} ({rule['impact']}): {[node['html'] for node in rule['nodes']]}" for rule in found]
