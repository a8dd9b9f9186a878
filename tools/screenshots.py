"""Take the pictures of the generated pages that the documentation shows: `make screenshots`.

Makes a blog as the tutorial does, in a folder of its own, serves it, and writes docs/images/*.png.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.test_posts_in_chromium import CHROMIUM, FLAGS  # noqa: E402 (the folder is on the path now)
from tests.processes import run_command, serving  # noqa: E402

IMAGES = ROOT / "docs" / "images"
POSTS = [
    (
        "A framework that feels like Python",
        "Handlers are typed, pages are templates, and one command serves it all.",
        True,
    ),
    ("Notes on the first week", "What was easy, what was not, and what we would do again.", True),
    ("Draft: what comes next", "Not for everybody's eyes yet.", False),
]


def main() -> int:
    """Take them all. Returns 0, or 1 where there is no Chromium."""
    if not CHROMIUM:
        print("no Chromium: `sh tools/browser.sh` installs it", file=sys.stderr)
        return 1
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        run_command("new", "blog", cwd=Path(folder))
        blog = Path(folder) / "blog"
        run_command("generate", "scaffold", "Post", "title:string", "body:text", "published:boolean", cwd=blog)
        run_command("db", "migrate", cwd=blog)
        with serving(blog) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            light = browser.new_page(color_scheme="light", viewport={"width": 900, "height": 560})
            dark = browser.new_page(color_scheme="dark", viewport={"width": 390, "height": 700})
            for title, body, published in POSTS:
                _write(light, server.url, title, body, published)
            _take(light, f"{server.url}/posts", "posts-light")
            _take(dark, f"{server.url}/posts", "posts-dark-phone")
            light.goto(f"{server.url}/posts/new")
            light.get_by_role("button", name="Create post").click()
            _save(light, "form-with-mistakes")
    return 0


def _write(page: Page, url: str, title: str, body: str, published: bool) -> None:
    page.goto(f"{url}/posts/new")
    page.get_by_label("Title").fill(title)
    page.get_by_label("Body").fill(body)
    page.get_by_label("Published").set_checked(published)
    page.get_by_role("button", name="Create post").click()


def _take(page: Page, address: str, name: str) -> None:
    page.goto(address)
    _save(page, name)


def _save(page: Page, name: str) -> None:
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    print(f"written {path.relative_to(ROOT)} ({path.stat().st_size:,} bytes)")


if __name__ == "__main__":
    sys.exit(main())
