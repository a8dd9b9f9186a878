"""The pages that `spica new` and the scaffold write: accessible, as wide as the window, and without scripts too."""

from __future__ import annotations

import re
import secrets
import textwrap
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import find_violations
from tests.processes import run_command, serving

pytestmark = pytest.mark.xdist_group("browser")
FIELDS = [
    "title:string",
    "body:text",
    "published:boolean",
    "day:date:null",
    "starts_at:datetime:null",
    "price:decimal:null",
]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    run_command("new", "shop", cwd=tmp_path)
    run_command("generate", "scaffold", "Event", *FIELDS, cwd=tmp_path / "shop")
    run_command("db", "migrate", cwd=tmp_path / "shop")
    return tmp_path / "shop"


def check(page: Page, name: str) -> None:
    assert find_violations(page) == [], name
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], f"{name} is wider than the window"


def create(page: Page, url: str, title: str) -> None:
    page.goto(f"{url}/events/new")
    page.get_by_label("Title").fill(title)
    page.get_by_label("Body").fill("Text\nin lines")
    page.get_by_role("button", name="Create event").click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 390)])
def test_every_page_is_accessible_and_fits(shop: Path, browser: Browser, scheme: str, width: int) -> None:
    with serving(shop) as server:
        page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 700})  # type: ignore[arg-type]
        for address in ("/", "/events", "/events/new", "/none"):
            page.goto(server.url + address)
            check(page, address)
        page.goto(f"{server.url}/events/new")
        page.get_by_role("button", name="Create event").click()
        expect(page.get_by_role("alert")).to_be_visible()
        check(page, "mistakes")
        page.get_by_role("link", name="Title can't be blank").click()
        expect(page.get_by_label("Title")).to_be_focused()
        expect(page.get_by_label("Title")).to_have_accessible_description("can't be blank")
        create(page, server.url, "A rather long title of an event, as people write them")
        check(page, "show")
        for number in range(20):
            create(page, server.url, f"Event {number}")
        page.goto(f"{server.url}/events")
        check(page, "list")
        page.get_by_role("link", name="Next").click()
        expect(page.get_by_role("link", name="A rather long title")).to_be_visible()
        expect(page.locator("[aria-current=page]")).to_have_text("2")


def test_the_keyboard_reaches_the_content_at_once(shop: Path, browser: Browser) -> None:
    with serving(shop) as server:
        page = browser.new_page()
        page.goto(f"{server.url}/events")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="New event")).to_be_focused()


def test_everything_works_without_scripts(shop: Path, browser: Browser) -> None:
    with serving(shop) as server:
        page = browser.new_context(java_script_enabled=False).new_page()
        create(page, server.url, "Plain")
        page.get_by_role("link", name="Edit").click()
        page.get_by_label("Title").fill("Changed")
        page.get_by_role("button", name="Save event").click()
        expect(page.get_by_role("heading", name="Changed")).to_be_visible()
        page.get_by_role("button", name="Delete").click()
        expect(page).to_have_url(f"{server.url}/events")
        expect(page.get_by_text("No events yet.")).to_be_visible()


def test_a_question_that_is_refused_deletes_nothing(shop: Path, browser: Browser) -> None:
    with serving(shop) as server:
        page = browser.new_page()
        create(page, server.url, "Kept")
        asked: list[str] = []
        page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
        page.get_by_role("button", name="Delete").click()
        page.reload()
        expect(page.get_by_role("heading", name="Kept")).to_be_visible()
        assert asked == ["Delete this event?"]


def test_built_pages_look_the_same(shop: Path, browser: Browser) -> None:
    run_command("assets", "build", cwd=shop)
    production = {"SPICA_ENV": "production", "SPICA__APP__SECRET_KEY": secrets.token_urlsafe(48)}
    with serving(shop, **production) as server:
        page = browser.new_page()
        mistakes: list[str] = []
        page.on("console", lambda message: mistakes.append(message.text) if message.type == "error" else None)
        page.goto(server.url)
        expect(page.locator("link[rel=stylesheet]")).to_have_attribute("href", re.compile("/assets/app-"))
        assert page.evaluate("getComputedStyle(document.querySelector('.site')).borderBottomStyle") == "solid"
        assert page.evaluate("typeof htmx") == "object", "its integrity is right"
        assert mistakes == []


def test_a_page_joins_a_channel_as_the_generator_says(shop: Path, browser: Browser) -> None:
    said = run_command("generate", "channel", "Chat", "new_msg", cwd=shop).stdout
    template, script = re.findall(r"\n\n((?:(?: {4}.*)?\n)+)", f"{said}\n")
    (shop / "app/assets/chat.js").write_text(textwrap.dedent(script))
    (shop / "app/views/home/index.html").write_text(f"<main>{template}</main>\n")
    controller = shop / "app/controllers/home_controller.py"
    text = controller.read_text().replace('render("index"', 'render("index", token=tokens.sign("socket", 1)')
    controller.write_text(f"from spica import tokens\n{text}")
    assert run_command("check", cwd=shop).stdout == "nothing found\n"
    with serving(shop) as server:
        page = browser.new_page()
        with page.expect_console_message(lambda message: message.type == "log") as told:
            page.goto(server.url)
        assert told.value.text == "hello"
