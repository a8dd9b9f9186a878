"""Django's templates."""

from __future__ import annotations

import django
from django.conf import settings
from django.template.loader import get_template

from benchmarks.rendering import pages

FORTUNES = (
    "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>"
    "{% for fortune in fortunes %}<tr><td>{{ fortune.id }}</td><td>{{ fortune.message }}</td></tr>{% endfor %}"
    "</table></body></html>"
)
PAGE = """<table>
{% for row in rows %}<tr class="{% cycle 'odd' 'even' %}"><td>{{ row.id }}</td>"""
PAGE += """<td><a href="{% url 'user' row.id %}">{{ row.name }}</a></td><td>{{ row.email|upper }}</td>"""
PAGE += """<td>{% include "badge.html" with active=row.active only %}</td>"""
PAGE += """<td>{% include "stat.html" with label="Score" value=row.score only %}</td></tr>
{% endfor %}</table>
"""
BADGE = '<span class="badge">{% if active %}active{% else %}inactive{% endif %}</span>'
STAT = '<div class="stat"><b>{{ label }}</b> {{ value }}</div>'
SOURCES = {"fortunes.html": FORTUNES, "page.html": PAGE, "badge.html": BADGE, "stat.html": STAT}


class Subject:
    async def open(self, url: str) -> None:
        loader = ("django.template.loaders.locmem.Loader", SOURCES)
        settings.configure(
            ROOT_URLCONF="benchmarks.rendering.django_urls",
            TEMPLATES=[
                {
                    "BACKEND": "django.template.backends.django.DjangoTemplates",
                    "OPTIONS": {"loaders": [("django.template.loaders.cached.Loader", [loader])]},
                }
            ],
        )
        django.setup()
        self._fortunes, self._page = get_template("fortunes.html"), get_template("page.html")

    async def close(self) -> None:
        pass

    async def fortunes(self, number: int) -> str:
        return self._fortunes.render({"fortunes": pages.fortunes})

    async def page(self, number: int) -> str:
        return self._page.render({"rows": pages.rows})
