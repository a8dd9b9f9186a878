"""examples/contacts in a real browser: search, load more, edit in place, checks while typing, the back button."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import find_violations
from tests.examples.test_contacts import EXAMPLE, MADE
from tests.processes import run_command, serving

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    example = Path(shutil.copytree(EXAMPLE, tmp_path / "contacts", ignore=MADE))
    run_command("db", "migrate", cwd=example)
    run_command("db", "seed", cwd=example)
    with serving(example) as server:
        yield server.url


def remember(page: Page) -> None:
    """Put a mark on the page, which a full load would take away."""
    page.evaluate("window.kept = true")


def is_kept(page: Page) -> bool:
    return bool(page.evaluate("window.kept === true"))


def test_rows_follow_what_is_typed_and_the_back_button_undoes_it(url: str, page: Page) -> None:
    page.goto(f"{url}/contacts")
    remember(page)
    rows = page.locator("#rows li")
    expect(rows).to_have_count(10)
    page.get_by_label("Find by name").press_sequentially("ada")
    expect(page.locator("#count")).to_have_text("5 contacts")
    expect(rows).to_have_count(5)
    expect(page).to_have_url(f"{url}/contacts?q=ada")
    expect(page.get_by_role("link", name="Load more")).to_have_count(0)
    expect(page.get_by_label("Find by name")).to_be_focused()
    assert is_kept(page), "nothing was loaded anew"
    assert find_violations(page) == []

    page.get_by_role("link", name="New contact").click()
    expect(page.get_by_role("heading", name="New contact")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Contacts")).to_be_visible()
    expect(rows).to_have_count(5)
    page.reload()
    expect(page.get_by_label("Find by name")).to_have_value("ada")


def test_the_back_button_inside_of_the_page_gets_a_whole_page(url: str, page: Page) -> None:
    page.goto(f"{url}/contacts")
    page.get_by_label("Find by name").fill("ada")
    expect(page).to_have_url(f"{url}/contacts?q=ada")
    page.get_by_label("Find by name").fill("grace")
    expect(page).to_have_url(f"{url}/contacts?q=grace")
    page.go_back()
    expect(page.get_by_text("Ada Hopper")).to_be_visible()
    expect(page.get_by_label("Find by name")).to_have_value("ada")
    expect(page.get_by_role("heading", name="Contacts")).to_be_visible()
    expect(page.locator("#rows")).to_have_count(1)


def test_more_is_loaded_behind_what_is_there(url: str, page: Page) -> None:
    page.goto(f"{url}/contacts")
    remember(page)
    for count in (20, 30, 40):
        page.get_by_role("link", name="Load more").click()
        expect(page.locator("#rows li")).to_have_count(count)
    expect(page.get_by_role("link", name="Load more")).to_have_count(0)
    names = page.locator("#rows strong").all_text_contents()
    assert names == sorted(names)
    assert len(set(names)) == 40
    assert is_kept(page)


def test_a_row_is_edited_in_its_place(url: str, page: Page) -> None:
    page.goto(f"{url}/contacts")
    remember(page)
    page.get_by_role("link", name="Edit Ada Hopper").click()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.get_by_label("Name", exact=True).fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("can't be blank").first).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Ada <b>Lovelace</b> again")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Ada <b>Lovelace</b> again")).to_be_visible()
    expect(page.locator("#rows form:not(.button-to)")).to_have_count(0)
    page.get_by_role("link", name="Edit Ada Liskov").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_text("Ada Liskov")).to_be_visible()
    assert is_kept(page)


def test_fields_are_checked_while_one_types(url: str, page: Page) -> None:
    page.goto(f"{url}/contacts/new")
    remember(page)
    email = page.get_by_label("Email")
    email.press_sequentially("ada.hopper@example.com", delay=5)
    expect(page.get_by_text("already")).to_be_visible()
    expect(email).to_be_focused()
    expect(email).to_have_value("ada.hopper@example.com")
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("can't be blank")).to_have_count(0)
    email.press_sequentially(".org")
    expect(page.get_by_text("already")).to_have_count(0)
    expect(email).to_have_value("ada.hopper@example.com.org")
    assert is_kept(page)
    assert find_violations(page) == []
    page.get_by_label("Name").fill("Ada H")
    page.get_by_role("button", name="Add contact").click()
    expect(page.get_by_text("Ada H was added")).to_be_visible()


def test_a_contact_is_deleted_once_the_question_is_answered(url: str, page: Page) -> None:
    page.goto(f"{url}/contacts?q=ada hopper")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_have_text("Ada Hopper was deleted")
    expect(page).to_have_url(re.compile("/contacts$"))
