"""The blog in a real browser: what a visitor sees and does, and that the page's own security policy lets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.processes import serving

pytestmark = pytest.mark.xdist_group("browser")


def test_create_with_mistakes_then_show_edit_and_delete(blog: Path, page: Page) -> None:
    with serving(blog) as server:
        page.goto(f"{server.url}/posts")
        page.get_by_role("link", name="New post").click()

        page.get_by_label("Body").fill("Typed and kept")
        page.get_by_label("Published").check()
        page.locator("form [type=submit], form button").first.click()
        expect(page.get_by_text("can't be blank").first).to_be_visible()
        expect(page.get_by_label("Body")).to_have_value("Typed and kept")
        expect(page.get_by_label("Published")).to_be_checked()

        page.get_by_label("Title").fill('A <script>alert("x")</script> title')
        page.locator("form [type=submit], form button").first.click()
        expect(page).to_have_url(f"{server.url}/posts/1")
        expect(page.get_by_text('A <script>alert("x")</script> title').first).to_be_visible()
        expect(page.get_by_text("created")).to_be_visible()
        page.reload()
        expect(page.get_by_text("created")).to_have_count(0)

        page.get_by_role("link", name="Edit").click()
        page.get_by_label("Title").fill("Edited")
        page.locator("form [type=submit], form button").first.click()
        expect(page.get_by_text("Edited").first).to_be_visible()

        questions: list[str] = []
        page.once("dialog", lambda dialog: (questions.append(dialog.message), dialog.accept()))
        page.get_by_role("button", name="Delete").click()
        expect(page).to_have_url(f"{server.url}/posts")
        expect(page.get_by_text("Edited")).to_have_count(0)
        assert questions == ["Delete this post?"]


def test_the_debug_page_shows_source_locals_and_request(blog: Path, page: Page) -> None:
    controller = blog / "app" / "controllers" / "home_controller.py"
    source = controller.read_text()
    head, _, tail = source.partition("def index(self):\n")
    assert tail
    failing = ['visible_local = "see me"', 'password = "hide me"', "raise RuntimeError(visible_local)"]
    controller.write_text(f"{head}def index(self):\n" + "".join(f"        {line}\n" for line in failing) + tail)
    with serving(blog) as server:
        page.goto(f"{server.url}/?q=1")
        expect(page.get_by_text("RuntimeError").first).to_be_visible()
        content = page.content()
    assert "home_controller.py" in content
    assert "visible_local" in content
    assert "hide me" not in content.replace('password = "hide me"', "").replace("password = &quot;hide me&quot;", "")
