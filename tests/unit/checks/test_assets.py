"""assets: names that are found and not, in templates of every syntax and in code; addresses and made names are left."""

from __future__ import annotations

import pytest

from tests.unit.checks.conftest import Check, places

FILES = {"app/assets/app.css": "", "app/assets/js/app.js": ""}


@pytest.mark.parametrize(
    "use",
    [
        'stylesheet_tag("app.css")', 'script_tag("js/app.js", module=True)', 'image_tag("/logo.png", alt="")',
        'image_tag("https://cdn.example/x.png", alt="")', "asset_path(name)", "stylesheet_tag()",
    ],
)  # fmt: skip
def test_names_that_are_there_and_what_is_none(check: Check, use: str) -> None:
    assert check("assets", {**FILES, "app/views/home/index.html": f"<p>{{{{ {use} }}}}{{{{ name }}}}</p>"}) == []


def test_a_name_that_is_not_there_is_an_error_on_its_line(check: Check) -> None:
    found = check(
        "assets",
        {
            **FILES,
            "app/views/home/index.html": '<p>{{ name }}\n{% if name %}{{ stylesheet_tag("ap.css") }}{% end %}</p>',
            "app/views/home/other.html.erb": '<%= script_tag("app.js") %>',
            "app/components/logo.html": '{{ image_tag("logo.svg", alt="") }}',
            "app/mail.py": 'from spica.assets.lookup import asset_path\nLOGO = asset_path("/app.css")\n',
        },
    )
    assert places(found) == [
        "app/components/logo.html:1",
        "app/mail.py:2",
        "app/views/home/index.html:2",
        "app/views/home/other.html.erb:1",
    ]
    assert {(one.severity, one.code) for one in found} == {("error", "SPICA-A030")}
    assert found[2].fix == "did you mean 'app.css'?"
    assert "app/assets/logo.svg" in found[0].fix
