from __future__ import annotations

import pytest

from tests.unit.checks.conftest import Check, places


def test_raw_is_told_with_its_line_wherever_it_stands(check: Check) -> None:
    page = "<p>\n{{ raw(name) }}\n{% if name %}\n  {% for x in name %}{{ x | raw }}{% end %}\n{% end %}</p>\n"
    found = check("raw-output", {"app/views/home/page.html": page})
    assert places(found) == ["app/views/home/page.html:2", "app/views/home/page.html:4"]
    assert {one.severity for one in found} == {"warning"}


@pytest.mark.parametrize("made", ['f"<b>{name}</b>"', '"<b>" + name', '"<b>%s" % name', '"<b>{}".format(name)'])
def test_a_text_made_of_values_and_declared_safe_is_told(check: Check, made: str) -> None:
    (found,) = check("raw-output", {"app/tags.py": f"def tag(name):\n    return Safe({made})\n"})
    assert found.place == "app/tags.py:2"


def test_escaped_values_have_no_findings(check: Check) -> None:
    assert check("raw-output", {"app/tags.py": 'def tag(x):\n    return Safe("<b>{}</b>").format(x)\n'}) == []


def test_raw_in_a_component_and_in_what_it_is_given_is_told(check: Check) -> None:
    page = '{% component "card" %}{% fill head %}{{ raw(name) }}{% end %}{% end %}{% fragment a %}{{ raw(x) }}{% end %}'
    card = "{% slot head %}{% end %}\n{{ raw('<hr>') }}"
    found = check("raw-output", {"app/views/home/page.html": page, "app/components/card.html": card})
    assert [(one.file, one.line) for one in found] == [("app/components/card.html", 2), ("app/views/home/page.html", 1)]


def test_raw_in_erb_is_told_unless_a_comment_says_who_cleaned_it(check: Check) -> None:
    page = "<%== name %>\n<%# spica: allow(raw-output) the editor cleans it %>\n<%== body %>\n"
    found = check("raw-output", {"app/views/home/page.html.erb": page})
    assert [(one.file, one.line) for one in found] == [("app/views/home/page.html.erb", 1)]
