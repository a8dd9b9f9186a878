"""The browser that the tests of pages share, and a page of a visitor who complains."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import running_chromium

expect.set_options(timeout=30_000)  # where other tests run as well, a page may take long


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for each file; a test that wants a visitor of its own asks it for a new context."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a new visitor. Script errors and violations of the page's policy fail the test."""
    with contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
    # The console also tells of the 422 and 500 that tests provoke.
    assert [text for text in complaints if "the server responded with a status of" not in text] == []
