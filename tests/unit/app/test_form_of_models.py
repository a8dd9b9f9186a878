"""form_with and real models: their names, values, mistakes, and what comes back from the form as parameters."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest

from spica.app.form import Form
from spica.app.helpers import form_with
from spica.orm import Model, Text, field, validates
from tests.requests import make_context, make_form


class AuthorOfForm(Model, table="authors_of_forms"):
    name: str
    validates("name", presence=True)


class Draft(Model, table="drafts_of_forms"):
    title: str
    body: Text = ""
    rank: int = 0
    published: bool = False
    starts_at: datetime | None = None
    data: dict[str, object] = field(default_factory=dict)
    validates("title", presence=True)


class Sent(HTMLParser):
    """What a browser sends of a form as it stands."""

    def __init__(self, html: object) -> None:
        super().__init__()
        self.pairs: list[tuple[str, str]] = []
        self._area: str | None = None
        self._select: str | None = None
        self.feed(str(html))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = dict(attrs)
        if tag == "input" and (own.get("type") not in ("checkbox", "radio") or "checked" in own):
            self.pairs.append((own["name"] or "", own.get("value") or ""))
        elif tag == "select":
            self._select = own["name"]
        elif tag == "option" and "selected" in own and self._select is not None:
            self.pairs.append((self._select, own["value"] or ""))
        elif tag == "textarea":
            self._area = own["name"]

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.pairs.append((self._area, data.removeprefix("\n")))
            self._area = None


def params_of(*parts: object) -> Any:
    content = urlencode(Sent("".join(map(str, parts))).pairs)
    return make_context(make_form(content)).params


def controls(form: Form) -> list[object]:
    return [
        form.text("title"),
        form.textarea("body"),
        form.number("rank"),
        form.checkbox("published"),
        form.datetime("starts_at"),
        form.textarea("data"),
    ]


async def test_what_is_shown_comes_back_as_it_was() -> None:
    given = Draft(
        title='a "<b>" & c',
        body="\nfirst line is empty",
        rank=-3,
        published=True,
        starts_at=datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
        data={"key": ["<", None]},
    )
    params = params_of(*controls(form_with(None, given, url="/drafts")))
    sent = params.require("draft").permit("title", "body", "rank", "published", "starts_at", "data")
    again = Draft(sent)
    assert await again.valid(), again.errors.full_messages
    for name in ("title", "body", "rank", "published", "data"):
        assert getattr(again, name) == getattr(given, name), name
    assert again.starts_at.replace(tzinfo=UTC) == given.starts_at


async def test_what_was_typed_wrongly_is_shown_again_with_its_mistakes() -> None:
    draft = Draft({"title": "", "rank": "many", "starts_at": "soon"})
    assert not await draft.valid()
    form = form_with(None, draft, url="/drafts")
    assert 'value="many"' in form.number("rank")
    assert 'aria-describedby="draft_rank_errors"' in form.number("rank")
    assert 'value="soon"' in form.datetime("starts_at")
    linked = set(re.findall(r'href="#(\w+)"', form.summary()))
    shown = set(re.findall(r'<(?:input|textarea)[^>]* id="(\w+)"', "".join(map(str, controls(form)))))
    assert linked == {"draft_title", "draft_rank", "draft_starts_at"}
    assert linked <= shown, "each link of the summary leads to a control"


async def test_an_object_inside() -> None:
    draft, author = Draft(title="x"), AuthorOfForm(name="")
    assert not await author.valid()
    inside = form_with(None, draft, url="/drafts").fields("author", author)
    name = inside.text("name")
    assert 'id="draft_author_name" name="draft[author][name]"' in name
    assert 'id="draft_author_name_errors"' in name
    assert params_of(name).require("draft").permit(author=["name"]) == {"author": {"name": ""}}


async def test_lists_and_groups_come_back_as_lists() -> None:
    form = form_with(None, {"tags": ["b"], "kinds": [], "size": "m"}, url="/x", name="filter")
    params = params_of(
        form.checkboxes("tags", ["a", "b"]), form.select("kinds", ["k"], multiple=True), form.radios("size", ["s", "m"])
    )
    assert params.require("filter").permit("size", tags=[], kinds=[]) == {
        "tags": ["", "b"], "kinds": [""], "size": "m",
    }  # fmt: skip


async def test_a_saved_model_is_patched_and_one_without_a_route_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    draft = Draft(title="x")
    assert "_method" not in form_with(None, draft, url="/drafts").__html__()
    monkeypatch.setattr(Draft, "persisted", True)
    form = form_with(None, draft, url="/drafts/1")
    assert 'name="_method" value="patch"' in form.__html__()
    assert params_of(form.__html__()).to_unsafe_dict() == {"_method": "patch"}
