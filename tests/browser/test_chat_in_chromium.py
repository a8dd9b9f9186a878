"""examples/chat in a real browser: two people in a room, a break, a phone, and no scripts at all."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import find_violations
from tests.examples.test_chat import EXAMPLE, MADE, prepare
from tests.integration.workers import Served, served
from tests.processes import run_command, serving

pytestmark = pytest.mark.xdist_group("browser")
ComeIn = Callable[..., Page]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[str, ...]]:
    """The example with its database, and how its README serves it."""
    example = Path(shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("example") / "chat", ignore=MADE))
    return example, prepare(example)


@pytest.fixture
def example(prepared: tuple[Path, tuple[str, ...]], tmp_path: Path) -> Path:
    """A copy of it for each test."""
    return Path(shutil.copytree(prepared[0], tmp_path / "chat"))


@pytest.fixture
def server(prepared: tuple[Path, tuple[str, ...]], example: Path) -> Iterator[Served]:
    with served(example, *prepared[1], app="") as server:
        yield server


@pytest.fixture
def come_in(server: Served, browser: Browser) -> Iterator[ComeIn]:
    """Opens a page of a visitor in the lobby: `come_in("Ada")`. A script's error on one of them fails the test."""
    failures: list[str] = []
    with contextlib.ExitStack() as stack:

        def open_page(name: str, **options: object) -> Page:
            context = stack.enter_context(contextlib.closing(browser.new_context(**options)))  # type: ignore[arg-type]
            page = context.new_page()
            page.on("pageerror", lambda error: failures.append(str(error)))
            enter(page, server.port, name)
            return page

        yield open_page
    assert failures == []


def enter(page: Page, port: int, name: str) -> None:
    page.goto(f"http://127.0.0.1:{port}")
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Come in").click()
    page.get_by_role("link", name="Lobby").click()


def say(page: Page, text: str) -> None:
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_role("button", name="Send").click()


def test_two_people_in_a_room(come_in: ComeIn) -> None:
    ada, bob = come_in("Ada"), come_in("Bob")
    for page in (ada, bob):
        expect(page.locator("#here li")).to_have_text(["Ada", "Bob"])
        expect(page.locator("#messages li")).to_have_count(3)
    bob.get_by_label("Message", exact=True).press_sequentially("Is th")
    expect(ada.locator("#status")).to_have_text("Bob is typing…")
    say(bob, "Is this <b>bold</b>?")
    expect(ada.locator("#messages li").last).to_contain_text("Is this <b>bold</b>?")
    expect(ada.locator("#status")).to_have_text("")
    say(ada, "No.")
    for page in (ada, bob):
        expect(page.locator("#messages li")).to_have_count(5)
        expect(page.locator("#messages li").last).to_contain_text("No.")
    expect(ada.locator("#messages .mine").last).to_contain_text("No.")
    expect(bob.locator("#messages .mine").last).to_contain_text("bold")
    expect(bob.get_by_label("Message", exact=True)).to_have_value("")
    assert find_violations(ada) == []
    bob.context.close()
    expect(ada.locator("#here li")).to_have_text(["Ada"])


def test_what_was_said_during_a_break_is_there_after_it(server: Served, come_in: ComeIn) -> None:
    ada = come_in("Ada")
    expect(ada.locator("#here li")).to_have_text(["Ada"])
    ada.context.set_offline(True)  # which leaves the connection that is there
    for worker in server.workers():
        os.kill(worker, signal.SIGKILL)
    expect(ada.locator("#status")).to_have_text("Connecting…")
    bob = come_in("Bob")
    expect(bob.locator("#here li")).to_have_text(["Bob"])
    say(bob, "Ada, are you there?")
    expect(bob.locator("#messages li").last).to_contain_text("are you there?")
    ada.context.set_offline(False)
    expect(ada.locator("#messages li").last).to_contain_text("are you there?")
    expect(ada.locator("#messages li")).to_have_count(4)
    for page in (ada, bob):
        expect(page.locator("#here li")).to_have_text(["Ada", "Bob"])


def test_a_message_that_is_refused_comes_back(come_in: ComeIn) -> None:
    ada = come_in("Ada")
    expect(ada.locator("#here li")).to_have_text(["Ada"])
    say(ada, "   ")
    expect(ada.locator("#status")).to_have_text(re.compile("not accepted"))
    expect(ada.get_by_label("Message", exact=True)).to_have_value("   ")


def test_without_scripts_rooms_are_read_and_written_in(come_in: ComeIn) -> None:
    ada, bob = come_in("Ada"), come_in("Bob", java_script_enabled=False)
    expect(ada.locator("#here li")).to_have_text(["Ada"])
    say(bob, "I have no scripts")
    expect(bob.locator("#messages .mine p")).to_have_text("I have no scripts")
    expect(ada.locator("#messages li").last).to_contain_text("I have no scripts")
    say(ada, "Welcome")
    expect(ada.locator("#messages .mine p").last).to_have_text("Welcome")
    bob.reload()
    expect(bob.locator("#messages li").last).to_contain_text("Welcome")
    expect(bob.locator("#here li")).to_have_text(["Ada"])


def test_in_production_built_scripts_import_the_client(example: Path, browser: Browser) -> None:
    production = {"SPICA_ENV": "production", "SECRET_KEY": "a production secret key, 32 or more"}
    for command in (("assets", "build"), ("db", "migrate"), ("db", "seed")):
        run_command(*command, cwd=example, **production)
    complaints: list[str] = []
    with serving(example, **production) as server, contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        enter(page, server.port, "Ada")
        expect(page.locator("#here li")).to_have_text(["Ada"])
        assert page.locator("script[type=module]").get_attribute("src") != "/assets/chat.js"
        assert '"phoenix"' in str(page.locator("script[type=importmap]").text_content())
        say(page, "Built")
        expect(page.locator("#messages .mine p").last).to_have_text("Built")
    assert complaints == [], "the policy and the integrity of each module let it"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit_a_phone(come_in: ComeIn, scheme: str) -> None:
    page = come_in("Ada", color_scheme=scheme, viewport={"width": 320, "height": 568})
    expect(page.locator("#here li")).to_have_text(["Ada"])
    for _ in range(12):
        say(page, "A long line that goes on and on, and_a_word_that_is_longer_than_the_screen_is_wide_by_far")
    expect(page.locator("#messages li")).to_have_count(15)
    for address in (page.url, page.url.removesuffix("/rooms/1"), page.url.replace("rooms/1", "session/new")):
        page.goto(address)
        assert find_violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than the screen"
    page.goto(page.url.replace("session/new", "rooms/1"))
    expect(page.locator("#messages li").last).to_be_in_viewport()
    expect(page.get_by_role("button", name="Send")).to_be_in_viewport()
