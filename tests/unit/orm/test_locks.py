"""`lock()`: a record that was changed since it was read is not overwritten."""

from __future__ import annotations

import pytest

from spica.db import Database, Rollback
from spica.orm import Model, ModelDefinitionError, RecordNotFound, StaleRecord, lock, transaction


class Page(Model):
    title: str
    body: str = ""
    lock_version: int = lock()


@pytest.fixture(autouse=True)
async def table(db: Database) -> None:
    await db.execute("create table pages (id integer primary key, title text unique, body text, lock_version integer)")


async def test_each_change_counts() -> None:
    page = await Page.create(title="a")
    assert page.lock_version == 0
    await page.update(title="b")
    await page.save()
    assert (page.lock_version, (await Page.find(page.id)).lock_version) == (1, 1)


async def test_a_stale_record_is_neither_saved_nor_destroyed() -> None:
    page = await Page.create(title="a")
    other = await Page.find(page.id)
    await other.update(title="b")
    page.body = "mine"
    for act in (page.save, page.destroy):
        with pytest.raises(StaleRecord, match="was changed since it was read") as caught:
            await act()
        assert (caught.value.status, caught.value.key) == (409, page.id)
    assert page.changed == ["body"]
    stored = await Page.find(page.id)
    assert (stored.title, stored.body) == ("b", "")
    await page.reload()
    assert await page.update(body="mine")
    await page.destroy()
    assert await Page.count() == 0


async def test_the_version_that_a_form_was_made_from_counts() -> None:
    page = await Page.create(title="a")
    await page.update(title="b")
    with pytest.raises(StaleRecord):
        await page.update(title="c", lock_version="0")
    assert await page.update(title="c", lock_version="1")
    assert page.lock_version == 2


async def test_what_was_not_written_keeps_its_version() -> None:
    page = await Page.create(title="a")
    await Page.create(title="b")
    assert not await page.update(title="b")
    assert (page.errors.on("title"), page.changed) == (["has already been taken"], ["title"])
    async with transaction():
        await page.update(title="c")
        raise Rollback
    assert (page.lock_version, page.changed) == (0, ["title"])
    assert await page.save()
    assert (await Page.find(page.id)).lock_version == 1


async def test_a_row_that_is_gone_is_not_stale() -> None:
    page = await Page.create(title="a")
    await Page.delete_all()
    with pytest.raises(RecordNotFound):
        await page.update(title="b")
    await page.destroy()


def test_the_version_is_an_integer() -> None:
    with pytest.raises(ModelDefinitionError, match="is an int"):

        class Thing(Model):
            version: str = lock()  # type: ignore[assignment]
