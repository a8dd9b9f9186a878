"""The pages of the API document in a real browser: operations are shown and tried, and the page's policy lets them."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.processes import serving

pytestmark = pytest.mark.xdist_group("browser")
APP = '''
import msgspec
from spica import App, UploadFile

app = App()
app.describe_api(title="Shop")


class Item(msgspec.Struct):
    name: str
    price: int = 0


@app.get("/items/{id:int}", tags=["items"])
async def show_item(id: int) -> Item:
    """Show an item."""
    return Item("Lamp", id)


@app.post("/items", status=201, tags=["items"])
async def create_item(body: Item) -> Item:
    return body


@app.put("/cover")
async def cover(cover: UploadFile) -> int:
    return cover.size
'''


def test_operations_are_shown_and_tried(tmp_path: Path, page: Page) -> None:
    (tmp_path / "app.py").write_text(APP)
    with serving(tmp_path) as server:
        page.goto(f"{server.url}/api/docs")
        expect(page.get_by_role("heading", name="Shop")).to_be_visible()
        expect(page.locator(".opblock")).to_have_count(3)
        show = page.locator("#operations-items-show_item")
        show.click()
        show.get_by_role("button", name="Try it out").click()
        show.get_by_placeholder("id").fill("7")
        show.get_by_role("button", name="Execute").click()
        expect(show.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
        expect(show.get_by_text('"price": 7').first).to_be_visible()
