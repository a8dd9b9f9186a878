"""Mutations of a right application: each kind of mistake in templates is found: file, line, and what was meant."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from spica.checks.finding import Finding
from tests.unit.checks.conftest import Check

APP = {
    "config/routes.py": (
        "def draw(r):\n"
        '    r.root("shelves#index")\n'
        '    r.get("/shelves", "shelves#index", name="shelves")\n'
        '    r.get("/shelves/{id:int}", "shelves#show", name="shelf")\n'
        '    r.patch("/shelves/{id:int}", "shelves#update", name="update_shelf")\n'
        '    r.delete("/shelves/{id:int}/books/{book}", "shelves#remove", name="book")\n'
    ),
    "app/models/shelf.py": (
        "from spica.orm import Model, belongs_to, has_many\n\n\n"
        "class Chamber(Model, table='rooms_of_mutations'):\n    title: str\n\n\n"
        "class Cupboard(Model, table='shelves_of_mutations'):\n"
        "    name: str\n    room_id: int\n    room: Chamber = belongs_to()\n\n"
        "    @property\n    def label(self) -> str:\n        return self.name\n"
    ),
    "app/controllers/home_controller.py": "",
    "app/controllers/shelves_controller.py": (
        "from spica import Controller\n\n"
        "from app.models.shelf import Chamber, Cupboard\n\n\n"
        "class ShelvesController(Controller):\n"
        "    async def index(self):\n"
        "        shelves = await Cupboard.where(name='a').order('name')\n"
        '        return self.render("index", shelves=shelves, room=await Chamber.find(1))\n\n'
        "    async def show(self, id: int):\n"
        "        self.shelf = await Cupboard.find(id)\n"
        '        return self.render("show")\n\n'
        "    async def update(self, id: int):\n        return 'ok'\n\n"
        "    async def remove(self, id: int, book: str):\n        return 'ok'\n"
    ),
    "app/views/layouts/application.html": "<title>{% yield title %}</title>\n{% block content %}{% end %}\n",
    "app/views/shelves/index.html": (
        '{% extends "layouts/application" %}\n'
        "{% block content %}\n"
        "<h1>{{ room.title }}</h1>\n"
        '<ul id="list">\n'
        "{% for shelf in shelves %}\n"
        '  {% include "shelves/_shelf" shelf=shelf %}\n'
        "{% end %}\n"
        "</ul>\n"
        "{% for s in shelves if s.label %}{{ s.room.title }}{% end %}\n".replace(" if s.label", "")
        + '<a hx-get="/shelves?page=2"\n   hx-target="#list">More</a>\n'
        "{% end %}\n"
    ),
    "app/views/shelves/_shelf.html": (
        '<li id="shelf-{{ shelf.id }}">\n'
        '  <a href="{{ paths.shelf(shelf) }}">{{ shelf.label | upper }}</a>\n'
        '  <button hx-patch="{{ paths.shelf(shelf.id) }}"\n'
        '          hx-target="#shelf-{{ shelf.id }}">{{ shelf.room.title }}</button>\n'
        '  <button hx-delete="/shelves/{{ shelf.id }}/books/{{ shelf.name }}" hx-target="closest li">x</button>\n'
        "</li>\n"
    ),
    "app/views/shelves/show.html": (
        "{% params shelf: Cupboard, note: str = '' %}\n"
        '{% component "card" title=shelf.name wide=True %}\n'
        "  {{ shelf.name }}{{ note }}\n"
        "{% end %}\n"
    ),
    "app/components/card.html": "{% params title: str, wide: bool = False %}\n<b>{{ title }}</b>{% slot %}{% end %}\n",
    "app/views/shelves/edit.html.hbs": (
        "{{params shelf: Cupboard, shelves: list[Cupboard]}}\n"
        "{{#each shelves as |one|}}\n{{one.name}}{{one.room.title}}\n{{/each}}\n"
        "{{#each shelves}}\n{{name}}\n{{/each}}\n"
        "{{#with shelf.room}}\n{{title}}\n{{/with}}\n"
    ),
}
INDEX, ROW, SHOW, CARD = (
    "app/views/shelves/index.html", "app/views/shelves/_shelf.html", "app/views/shelves/show.html",
    "app/components/card.html",
)  # fmt: skip
EDIT = "app/views/shelves/edit.html.hbs"


class Mutation(NamedTuple):
    """A text that is replaced in a file, and what must be told: the line, and a part of the fix."""

    kind: str
    file: str
    old: str
    new: str
    line: int
    fix: str
    told_in: str = ""


MUTATIONS = [
    # unknown names
    Mutation("name", SHOW, "{{ note }}", "{{ ntoe }}", 3, "'note'"),
    Mutation("name", SHOW, "title=shelf.name", "title=shlef.name", 2, "'shelf'"),
    Mutation(
        "name", INDEX, "{{ room.title }}", "{{ rooom.title }}", 9, "rooom=", "app/controllers/shelves_controller.py"
    ),
    Mutation("name", CARD, "{{ title }}", "{{ titel }}", 2, "'title'"),
    Mutation("name", EDIT, "{{#with shelf.room}}", "{{#with shlef.room}}", 8, "'shelf'"),
    # attributes that the model lacks
    Mutation("attribute", SHOW, "{{ shelf.name }}", "{{ shelf.nmae }}", 3, "name"),
    Mutation("attribute", SHOW, "title=shelf.name", "title=shelf.nam", 2, "name"),
    Mutation("attribute", ROW, "shelf.label | upper", "shelf.lable | upper", 2, "label"),
    Mutation("attribute", ROW, "shelf.room.title", "shelf.room.titel", 4, "title"),
    Mutation("attribute", ROW, "shelf.room.title", "shelf.rooms.title", 4, "room"),
    Mutation("attribute", INDEX, "{{ room.title }}", "{{ room.titel }}", 3, "title"),
    Mutation("attribute", INDEX, "{{ s.room.title }}", "{{ s.rom.title }}", 9, "room"),
    Mutation("attribute", INDEX, "{{ s.room.title }}", "{{ (shelves | first).nam }}", 9, "name"),
    Mutation("attribute", INDEX, "{{ s.room.title }}", "{% set r = s.room %}{{ r.titl }}", 9, "title"),
    Mutation("attribute", EDIT, "{{one.name}}", "{{one.nmae}}", 3, "name"),
    Mutation("attribute", EDIT, "\n{{name}}\n", "\n{{nmae}}\n", 6, "name"),
    Mutation("attribute", EDIT, "\n{{title}}\n", "\n{{titel}}\n", 9, "title"),
    # includes, components, layouts
    Mutation("include", INDEX, '"shelves/_shelf"', '"shelves/_shlef"', 6, "'shelves/_shelf'"),
    Mutation("include", INDEX, '"layouts/application"', '"layouts/aplication"', 1, "'layouts/application'"),
    Mutation("component", SHOW, 'component "card"', 'component "crad"', 2, "'card'"),
    # props
    Mutation("prop", SHOW, "wide=True", "wdie=True", 2, "'wide'"),
    Mutation("prop", SHOW, "wide=True", 'wide="yes"', 2, "bool"),
    Mutation("prop", SHOW, "title=shelf.name ", "", 2, "title="),
    Mutation("slot", SHOW, "{{ shelf.name }}", "{% fill haed %}x{% end %}", 3, "slot haed"),
    Mutation(
        "content", INDEX, "{% block content %}", "{% content_for titel %}x{% end %}\n{% block content %}", 2, "'title'"
    ),
    # path helpers
    Mutation("path", ROW, "paths.shelf(shelf)", "paths.shlef(shelf)", 2, "shelf"),
    Mutation("path", ROW, "paths.shelf(shelf)", "paths.shelf()", 2, "shelf(id)"),
    # htmx
    Mutation("hx-verb", ROW, 'hx-patch="{{ paths', 'hx-put="{{ paths', 3, "hx-patch"),
    Mutation("hx-verb", ROW, "hx-delete", "hx-post", 5, "hx-delete"),
    Mutation("hx-verb", INDEX, "hx-get", "data-hx-post", 10, "hx-get"),
    Mutation("hx-url", INDEX, '"/shelves?page=2"', '"/shelfs?page=2"', 10, "/shelves"),
    Mutation("hx-url", ROW, "/books/{{ shelf.name }}", "/boks/{{ shelf.name }}", 5, "/books/"),
    Mutation("hx-url", INDEX, '"/shelves?page=2"', '"/shelves/abc"', 10, "/shelves"),
    Mutation("hx-target", INDEX, '"#list"', '"#lsit"', 11, "#list"),
    Mutation("hx-target", ROW, '"#shelf-{{ shelf.id }}"', '"#row-{{ shelf.id }}"', 4, 'id="row-{…}"'),
    Mutation("hx-target", ROW, '"closest li"', '"closest #lst"', 5, "#list"),
    # raw
    Mutation("raw", ROW, "{{ shelf.label | upper }}", "{{ raw(shelf.label) }}", 2, "allow(raw-output)"),
    Mutation("raw", EDIT, "{{one.name}}", "{{{one.name}}}", 3, "allow(raw-output)"),
    # syntax and places
    Mutation("filter", ROW, "| upper", "| uper", 2, "'upper'"),
    Mutation("unsafe", ROW, '<li id="', '<li onclick="', 1, "data- attribute"),
    Mutation("unclosed", INDEX, "{% end %}\n</ul>", "</ul>", 2, "{% end %}"),
]


def about_templates(findings: list[Finding]) -> list[Finding]:
    return [one for one in findings if one.check not in ("migrations", "secret-files", "production", "config")]


def test_the_right_application_has_no_findings(check: Check) -> None:
    assert about_templates(check("", APP)) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: f"{one.kind}: {one.new.strip()[:40]}")
def test_a_mutation_is_found(check: Check, mutation: Mutation) -> None:
    assert APP[mutation.file].count(mutation.old) == 1
    text = APP[mutation.file].replace(mutation.old, mutation.new)
    findings = about_templates(check("", {**APP, mutation.file: text}))
    file = mutation.told_in or mutation.file
    told = [one for one in findings if one.place == f"{file}:{mutation.line}" and mutation.fix in one.fix]
    assert told, f"told: {[(one.place, one.what, one.fix) for one in findings]}"
