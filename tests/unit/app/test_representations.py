"""One action, several representations: page, fragment for htmx, JSON; formats, layouts, conditions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spica import App
from tests.modules import forget_app

FILES = {
    "config/routes.py": """
def draw(r):
    r.get("/notes", "notes#index")
    r.get("/notes/as/{format}", "notes#index", name="formatted")
    r.get("/notes/new", "notes#new")
    r.get("/notes/{id:int}", "notes#show")
    r.get("/bare", "notes#bare")
    r.get("/parts", "notes#parts")
    r.get("/none", "notes#none")
    r.get("/export", "notes#export")
    r.post("/notes", "notes#create")
    r.get("/feed", "notes#feed")
    r.get("/line", "notes#line")
""",
    "config/middleware.py": """
from spica import middleware as m


def draw(p):
    p.use(m.SecurityHeaders)
""",
    "app/controllers/notes_controller.py": """
from datetime import UTC, datetime

from app.models.note import Note
from spica import Controller


class NotesController(Controller):
    layout = "layouts/plain"

    def index(self):
        return self.render("index", notes=[Note(title="a<b", access_token="t0k")])

    def new(self):
        return self.render()

    def bare(self):
        self.shown = "bare"

    def parts(self):
        if self.fresh_when(etag="parts"):
            return
        return self.render("parts", notes=["a<b"], oob=["count"])

    def none(self):
        self.shown = "none"
        return self.render("bare", layout=None)

    def show(self, id: int):
        self.expires_in(60, public=True)
        self.cookies["seen"] = "1"
        if self.fresh_when(etag=f"note {id}", last_modified=datetime(2026, 1, 1, tzinfo=UTC)):
            return
        return self.render("index", notes=[])

    async def create(self):
        note = Note(title="")
        if not await note.valid():
            return self.render("index", notes=[], note=note, status=422)

    def feed(self):
        return self.render("feed.xml", title="a & <b>")

    def line(self):
        return self.render_partial("line.txt", text="<script>")

    def export(self):
        return self.respond_to(csv="id\\n1\\n", json={"ids": [1]}, htmx=lambda: self.render_partial("row", id=1))
""",
    "app/models/note.py": """
from spica.orm import Model, validates


class Note(Model, table="notes_of_representations"):
    title: str
    access_token: str = ""

    validates("title", presence=True)
""",
    "app/views/layouts/application.html": "<title>{% block title %}App{% end %}</title>"
    "<main>{% block content %}{% end %}</main>",
    "app/views/layouts/plain.html": "<plain>{% block content %}{% end %}</plain>",
    "app/views/notes/index.html": """{% extends "layouts/application" %}{% block title %}Notes{% end %}
{% block content %}<ul>{% for note in notes %}<li>{{ note.title }}</li>{% end %}</ul>{% end %}""",
    "app/views/notes/new.html": '{% extends "layouts/application" %}{% block content %}<form></form>{% end %}',
    "app/views/notes/bare.html": "<p>{{ shown }}</p>",
    "app/views/notes/parts.html": """{% extends "layouts/application" %}{% block content %}
<p id="count">{% fragment count %}{{ notes | length }}{% end %}</p>
<ul id="rows">{% fragment rows %}{% for note in notes %}{% fragment row %}<li>{{ note }}</li>{% end %}{% end -%}
{% end %}</ul>
{% end %}""",
    "app/views/notes/feed.xml": "<feed>{{ title }}</feed>",
    "app/views/notes/_line.txt": "{{ text }}",
    "app/views/notes/_row.html": "<tr><td>{{ id }}</td></tr>",
}
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HTMX = {"accept": "*/*", "hx-request": "true"}
JSON = {"accept": "application/json"}


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    forget_app()
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "config" / "app.toml").write_text(
        '[app]\nname = "n"\nsecret_key = "a secret of enough characters 0123456789"\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield App(tmp_path, env="test")
    forget_app()


async def test_a_template_of_another_format_is_sent_as_what_it_is(app: App, exchange: Any) -> None:
    for headers in (HTML, HTMX, {"accept": "application/atom+xml"}):
        feed = await exchange(app, "GET", "/feed", headers=headers)
        assert feed.text == "<feed>a &amp; &lt;b&gt;</feed>"  # in no layout
        assert feed.field("content-type") == "application/xml; charset=utf-8"
        line = await exchange(app, "GET", "/line", headers=headers)
        assert (line.text, line.field("content-type")) == ("<script>", "text/plain; charset=utf-8")


async def test_page_fragment_and_json(app: App, exchange: Any) -> None:
    page = await exchange(app, "GET", "/notes", headers=HTML)
    assert page.text == "<title>Notes</title><main><ul><li>a&lt;b</li></ul></main>"
    fragment = await exchange(app, "GET", "/notes", headers=HTMX)
    assert fragment.text == "<ul><li>a&lt;b</li></ul>"
    boosted = await exchange(app, "GET", "/notes", headers={**HTMX, "hx-boosted": "true"})
    assert boosted.text == page.text
    json = await exchange(app, "GET", "/notes", headers=JSON)
    assert json.json() == {"notes": [{"id": None, "title": "a<b"}]}, "its token stays here"
    for response in (page, fragment, json):
        assert response.field("vary").startswith("Accept, HX-Request")


async def test_the_format_of_the_route_wins(app: App, exchange: Any) -> None:
    assert (await exchange(app, "GET", "/notes/as/json", headers=HTML)).field("content-type") == "application/json"
    assert (await exchange(app, "GET", "/notes/as/html", headers=JSON)).text.startswith("<title>")
    assert (await exchange(app, "GET", "/notes/as/xml", headers=HTML)).status == 406


async def test_what_nothing_fits_is_a_406(app: App, exchange: Any) -> None:
    assert (await exchange(app, "GET", "/notes", headers={"accept": "image/png"})).status == 406
    assert (await exchange(app, "GET", "/notes/new", headers=JSON)).status == 406, "it passes no values to show"


async def test_layouts(app: App, exchange: Any) -> None:
    assert (
        await exchange(app, "GET", "/notes/new", headers=HTML)
    ).text == "<title>App</title><main><form></form></main>"
    assert (await exchange(app, "GET", "/bare", headers=HTML)).text == "<plain><p>bare</p></plain>"
    assert (await exchange(app, "GET", "/bare", headers=HTMX)).text == "<p>bare</p>"
    assert (await exchange(app, "GET", "/none", headers=HTML)).text == "<p>none</p>"


async def test_what_is_not_valid_is_told_as_problem_details(app: App, exchange: Any) -> None:
    refused = await exchange(app, "POST", "/notes", headers=JSON)
    assert (refused.status, refused.field("content-type")) == (422, "application/problem+json")
    assert refused.json()["errors"] == [{"source": "body", "name": "title", "message": "can't be blank"}]


async def test_conditions_through_the_core(app: App, exchange: Any) -> None:
    first = await exchange(app, "GET", "/notes/7", headers=HTML)
    assert (first.status, first.field("cache-control")) == (200, "private, max-age=60"), "it sets a cookie"
    again = await exchange(app, "GET", "/notes/7", headers={**HTML, "if-none-match": first.field("etag")})
    assert (again.status, len(again.body)) == (304, 0)
    for name in ("etag", "last-modified", "cache-control", "vary", "x-content-type-options"):
        assert again.field(name) == first.field(name), name
    fragment = await exchange(app, "GET", "/notes/7", headers={**HTMX, "if-none-match": first.field("etag")})
    assert fragment.status == 200, "the page's ETag is not the fragment's"


async def test_respond_to_in_a_controller(app: App, exchange: Any) -> None:
    export = await exchange(app, "GET", "/export", headers={"accept": "text/csv"})
    assert (export.text, export.field("content-type")) == ("id\n1\n", "text/csv; charset=utf-8")
    assert (await exchange(app, "GET", "/export", headers=JSON)).json() == {"ids": [1]}
    assert (await exchange(app, "GET", "/export", headers=HTMX)).text == "<tr><td>1</td></tr>"


PARTIAL = {**HTMX, "hx-source": "input#q", "hx-request-type": "partial"}
COUNT = '<hx-partial hx-target="#count" hx-swap="innerHTML">1</hx-partial>'


async def test_htmx_gets_the_fragment_that_is_named_like_its_target(app: App, exchange: Any) -> None:
    rows = await exchange(app, "GET", "/parts", headers={**PARTIAL, "hx-target": "ul#rows"})
    assert rows.text == f"<li>a&lt;b</li>{COUNT}"
    old = await exchange(app, "GET", "/parts", headers={**HTMX, "hx-target": "rows"})
    assert old.text == '<li>a&lt;b</li><div hx-swap-oob="innerHTML:#count">1</div>'
    for target in ("div#other", "div", "li#row", "ul#../rows"):
        whole = await exchange(app, "GET", "/parts", headers={**PARTIAL, "hx-target": target})
        assert whole.text.strip().startswith('<p id="count">'), "without layout: a row in a loop can't stand alone"
        assert "<main>" not in whole.text


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {**PARTIAL, "hx-history-restore-request": "true", "hx-target": "body"},
        {**PARTIAL, "hx-history-restore-request": "true", "hx-target": "ul#rows"},
        {**PARTIAL, "hx-request-type": "full", "hx-target": "ul#rows"},
        {**PARTIAL, "hx-boosted": "true", "hx-target": "ul#rows"},
    ],
)
async def test_the_back_button_and_whole_pages(app: App, exchange: Any, fields: dict[str, str]) -> None:
    page = await exchange(app, "GET", "/parts", headers={**HTML, **fields})
    assert page.text.startswith("<title>App</title><main>")
    assert "hx-partial" not in page.text


async def test_caches_keep_parts_and_pages_apart(app: App, exchange: Any) -> None:
    page = await exchange(app, "GET", "/parts", headers=HTML)
    rows = await exchange(app, "GET", "/parts", headers={**PARTIAL, "hx-target": "ul#rows"})
    count = await exchange(app, "GET", "/parts", headers={**PARTIAL, "hx-target": "p#count"})
    assert len({page.field("etag"), rows.field("etag"), count.field("etag")}) == 3
    assert page.field("vary") == "Accept, HX-Request"
    names = {name.strip() for name in rows.field("vary").split(",")}
    assert names >= {"HX-Request", "HX-Target", "HX-History-Restore-Request", "HX-Boosted", "HX-Request-Type"}
    kept = {**PARTIAL, "hx-target": "ul#rows", "if-none-match": rows.field("etag")}
    assert (await exchange(app, "GET", "/parts", headers=kept)).status == 304
    restored = {**kept, "hx-history-restore-request": "true"}
    assert (await exchange(app, "GET", "/parts", headers=restored)).status == 200


ROUTES = ("show", "listed", "bare", "without", "far")


async def test_a_deploy_that_changes_a_page_changes_its_etag(tmp_path: Path, monkeypatch: Any, exchange: Any) -> None:
    controller = """
from spica import Controller


class PagesController(Controller):
    layout = "layouts/plain"

    def show(self):
        if self.fresh_when(etag="the same"):
            return

    def listed(self):
        if self.fresh_when(etag="the same", template="show"):
            return
        return self.render("show")

    def bare(self):
        if self.fresh_when(etag="the same", template=None):
            return
        return self.render("show")

    def without(self):
        if self.stale(etag="the same", template=False):
            return self.render("show")

    def far(self):
        if self.fresh_when(etag="the same", template="notes/list"):
            return
        return self.text("x")
"""
    files = {
        "config/routes.py": "def draw(r):\n" + "".join(f'    r.get("/{name}", "pages#{name}")\n' for name in ROUTES),
        "config/app.toml": '[app]\nsecret_key = "a secret of enough characters 0123456789"\n',
        "app/controllers/pages_controller.py": controller,
        "app/views/layouts/plain.html": "<main>{% block content %}{% end %}</main>",
        "app/views/pages/show.html": '<p>one</p>{% include "pages/_part" %}',
        "app/views/pages/_part.html": "<i>part</i>",
        "app/views/notes/list.html": "<i>notes</i>",
    }

    async def etags(changed: str = "") -> dict[str, str]:
        """The ETags of a process that was started after a file has changed."""
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text + ("\n<b>new</b>" if name == changed else ""))
        forget_app()
        app = App(tmp_path, env="production")
        return {name: (await exchange(app, "GET", f"/{name}", headers=HTML)).field("etag") for name in ROUTES}

    monkeypatch.syspath_prepend(str(tmp_path))
    before = await etags()
    assert await etags() == before, "a restart alone changes nothing"
    for file in ("app/views/pages/show.html", "app/views/pages/_part.html", "app/views/layouts/plain.html"):
        after = await etags(file)
        assert after["show"] != before["show"], file
        assert after["listed"] != before["listed"], file
        assert after["bare"] == before["bare"], file
        assert after["without"] == before["without"], file
        assert (after["far"] == before["far"]) is ("layouts" not in file), file
    after = await etags("app/views/notes/list.html")
    assert [name for name in after if after[name] != before[name]] == ["far"]
    forget_app()


async def test_a_template_that_was_named_for_an_etag_must_be_there(
    tmp_path: Path, monkeypatch: Any, exchange: Any, caplog: pytest.LogCaptureFixture
) -> None:
    files = {
        "config/routes.py": 'def draw(r):\n    r.get("/", "pages#show")\n',
        "app/controllers/pages_controller.py": "from spica import Controller\n\n\nclass PagesController(Controller):\n"
        '    def show(self):\n        self.fresh_when(etag="the same", template="pages/sohw")\n',
        "app/views/pages/show.html": "<p>one</p>",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    forget_app()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert (await exchange(App(tmp_path, env="test"), "GET", "/", headers=HTML)).status == 500
    told = caplog.records[-1].exc_info
    assert told is not None
    assert type(told[1]).__name__ == "TemplateNotFound"
    assert "pages/show" in str(told[1])
    forget_app()
