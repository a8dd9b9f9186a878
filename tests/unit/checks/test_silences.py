from __future__ import annotations

import pytest

from tests.unit.checks.conftest import Check

PAGE = "app/views/home/page.html"
RAW = "{{ raw(name) }}"


@pytest.mark.parametrize(
    "page",
    [
        f"{RAW}{{# spica: allow(raw-output) cleaned when it was saved #}}\n",
        f"{{# spica: allow(raw-output) cleaned when it was saved #}}\n{RAW}\n",
    ],
)
def test_a_finding_is_silenced_on_its_line_or_the_line_above(check: Check, page: str) -> None:
    assert check("", {PAGE: page}) == []


@pytest.mark.parametrize(
    ("file", "page"),
    [
        ("page.html.hbs", "{{{name}}}{{! spica: allow(raw-output) cleaned }}\n"),
        ("page.html.hbs", "{{!-- spica: allow(raw-output) cleaned --}}\n{{{name}}}\n"),
        ("page.html.erb", "<%== name %><%# spica: allow(raw-output) cleaned %>\n"),
        ("page.txt", "{{ raw(name) }}{# spica: allow(raw-output) plain text #}\n"),
    ],
)
def test_comments_of_every_syntax_and_format_do(check: Check, file: str, page: str) -> None:
    assert check("", {f"app/views/home/{file}": page}) == []
    bare = page.partition("{{!")[0].partition("<%#")[0].partition("{#")[0] or "{{{name}}}"
    (found,) = check("", {f"app/views/home/{file}": bare})
    assert found.check == "raw-output"


def test_a_comment_in_python_silences_too(check: Check) -> None:
    code = "from spica import middleware as m\ndef draw(p):\n"
    code += "    p.use(m.Cors(origins=['*']))  # spica: allow(production) open data\n"
    assert check("", {"config/middleware.py": code}) == []


@pytest.mark.parametrize(
    ("page", "checks", "part"),
    [
        (f"{RAW}{{# spica: allow(raw-output) #}}\n", ["raw-output", "silences"], "no reason"),
        (f"{RAW}{{# spica: allow(templates) because #}}\n", ["raw-output", "silences"], "silences nothing"),
        ("{{ name }}{# spica: allow(raw-output) because #}\n", ["silences"], "silences nothing"),
        ("{{ name }}{# spica: allow(row-output) because #}\n", ["silences"], "no check"),
    ],
)
def test_a_silence_that_does_nothing_is_told(check: Check, page: str, checks: list[str], part: str) -> None:
    found = check("", {PAGE: page})
    assert [one.check for one in found] == checks
    assert part in found[-1].what


def test_a_silence_of_a_check_that_did_not_run_is_not_judged(check: Check) -> None:
    assert check("config", {PAGE: f"{RAW}{{# spica: allow(raw-output) cleaned #}}\n"}) == []


def test_a_text_that_reads_like_a_silence_is_none(check: Check) -> None:
    assert check("", {"app/text.py": 'X = "# spica: allow(raw-output) because"\n'}) == []
