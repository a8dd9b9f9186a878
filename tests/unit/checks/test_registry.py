from __future__ import annotations

from pathlib import Path

from spica.checks.registry import CHECKS, SECURITY, SILENCES
from tests.unit.checks.conftest import Check

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "check.md"


def test_a_project_without_mistakes_has_no_findings(check: Check) -> None:
    assert check() == []


def test_everything_is_found_at_once_errors_first(check: Check) -> None:
    found = check(
        "",
        {
            "config/app.toml": '[app]\nnam = "shop"\n',
            "app/views/home/index.html": "<p>{{ raw(name) }}{% if name %}</p>\n",
            "app/views/home/other.html": "{{ raw(name) }}\n",
            "app/controllers/home_controller.py": (
                "from spica import Controller\n"
                "class HomeController(Controller):\n"
                "    async def index(self):\n"
                '        return self.render("indx")\n'
            ),
        },
    )
    assert [one.severity for one in found] == sorted(one.severity for one in found)
    assert {one.check for one in found} == {"config", "templates", "renders", "raw-output"}


def test_names_and_codes_are_unique() -> None:
    checks = [*CHECKS, SILENCES]
    assert len({one.name for one in checks}) == len({one.code for one in checks}) == len(checks)


def test_the_reference_has_every_check_as_the_registry_says() -> None:
    page = PAGE.read_text()
    for one in (*CHECKS, SILENCES):
        assert f"### {one.name}\n\n{one.code}, {one.severity}: {one.about}." in page, one.name


def test_the_reference_says_which_checks_an_audit_tells() -> None:
    words = f"{', '.join(SECURITY[:-1])} and {SECURITY[-1]}"
    for page in (PAGE, PAGE.with_name("commands.md")):
        assert words in " ".join(page.read_text().split()), page.name
