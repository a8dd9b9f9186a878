"""Take the pictures that the documentation shows: `make screenshots`.

Makes projects as the tutorial and a how-to do, copies the chat, serves them, and writes docs/images/*.png.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.chromium import CHROMIUM, running_chromium  # noqa: E402 (the folder is on the path now)
from tests.browser.test_real_time_how_to import PAGE  # noqa: E402
from tests.docs.pages import follow  # noqa: E402
from tests.examples.test_api import MADE  # noqa: E402
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
        with serving(blog) as server, running_chromium() as browser:
            light = browser.new_page(color_scheme="light", viewport={"width": 900, "height": 560})
            dark = browser.new_page(color_scheme="dark", viewport={"width": 390, "height": 700})
            for title, body, published in POSTS:
                _write(light, server.url, title, body, published)
            _take(light, f"{server.url}/posts", "posts-light")
            _take(dark, f"{server.url}/posts", "posts-dark-phone")
            light.goto(f"{server.url}/posts/new")
            light.get_by_role("button", name="Create post").click()
            _save(light, "form-with-mistakes")
        _take_chat(Path(folder))
        _take_talk(Path(folder))
    return 0


def _take_chat(folder: Path) -> None:
    chat = Path(shutil.copytree(ROOT / "examples/chat", folder / "chat", ignore=MADE))
    run_command("db", "migrate", cwd=chat)
    run_command("db", "seed", cwd=chat)
    with serving(chat) as server, running_chromium() as browser:
        looks = {"Ada": ("light", 900, 560), "Grace": ("dark", 390, 700)}
        pages = {
            name: browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height}).new_page()
            for name, (scheme, width, height) in looks.items()
        }
        for name, page in pages.items():
            page.goto(server.url)
            page.get_by_label("Your name").fill(name)
            page.get_by_role("button", name="Come in").click()
            page.get_by_role("link", name="Lobby").click()
            page.locator("#here li").first.wait_for()
        pages["Ada"].get_by_label("Message", exact=True).fill("Is anybody else here?")
        pages["Ada"].get_by_role("button", name="Send").click()
        for page, writer, name in ((pages["Ada"], "Grace", "chat-light"), (pages["Grace"], "Ada", "chat-dark-phone")):
            pages[writer].get_by_label("Message", exact=True).press_sequentially("I a")
            page.get_by_text(f"{writer} is typing").wait_for()
            _save(page, name)


def _take_talk(folder: Path) -> None:
    with serving(follow(PAGE, folder)) as server, running_chromium() as browser:
        pages = [browser.new_context(viewport={"width": 900, "height": 400}).new_page() for _ in range(2)]
        for page in pages:
            page.goto(server.url)
            page.get_by_text("Guest").wait_for()
        for page, text in zip(pages, ("Is anybody there?", "I am."), strict=True):
            page.get_by_label("Say something").fill(text)
            page.get_by_label("Say something").press("Enter")
            page.get_by_text(text).wait_for()
        _save(pages[1], "talk")


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
