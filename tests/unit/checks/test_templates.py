from __future__ import annotations

from tests.unit.checks.conftest import Check, places


def test_every_template_is_compiled_also_those_that_nothing_renders(check: Check) -> None:
    found = check(
        "templates",
        {
            "app/views/a.html": '{% extends "layouts/none" %}\n',
            "app/views/b.html": "text\n{% include 'c/_missing' %}\n",
            "app/views/c.html": "{% params a: int %}\n{{ b }}\n",
            "app/views/d.html": "{% if x %}\n",
        },
    )
    assert places(found) == ["app/views/a.html:1", "app/views/b.html:2", "app/views/c.html:2", "app/views/d.html:1"]


def test_right_templates_have_no_findings(check: Check) -> None:
    assert check("templates", {"app/views/a.html": "{% include 'home/index' name=1 %}\n"}) == []
