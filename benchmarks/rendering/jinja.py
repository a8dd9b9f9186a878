"""The pages in Jinja2's language, which MiniJinja understands, too."""

FORTUNES = (
    "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>"
    "{% for fortune in fortunes %}<tr><td>{{ fortune.id }}</td><td>{{ fortune.message }}</td></tr>{% endfor %}"
    "</table></body></html>"
)
PAGE = """{% macro stat(label, value) %}<div class="stat"><b>{{ label }}</b> {{ value }}</div>{% endmacro -%}
<table>
{% for row in rows -%}
<tr class="{{ 'odd' if loop.index % 2 else 'even' }}"><td>{{ row.id }}</td><td><a href="{{ url_of(row.id) }}">"""
PAGE += """{{ row.name }}</a></td><td>{{ row.email|upper }}</td><td>{% include "badge.html" %}</td>"""
PAGE += """<td>{{ stat("Score", row.score) }}</td></tr>
{% endfor -%}
</table>
"""
BADGE = '<span class="badge">{% if row.active %}active{% else %}inactive{% endif %}</span>'
SOURCES = {"fortunes.html": FORTUNES, "page.html": PAGE, "badge.html": BADGE}
