"""Generated text: templates, calls, dicts and imports as the formatter leaves them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from spica.generators import source
from spica.generators.source import LINE_LENGTH, render, render_call, render_dict, render_imports


@pytest.fixture
def templates(tmp_path, monkeypatch):
    """A folder of templates of our own; give names and texts."""
    monkeypatch.setattr(source, "FILES", tmp_path)
    source._load.cache_clear()
    yield lambda name, text: (tmp_path / f"{name}.tmpl").write_text(text)
    source._load.cache_clear()


def test_a_block_takes_the_indentation_of_its_line(templates) -> None:
    templates("a", "def f():\n    $body\n    end\n")
    assert render("a", body="one\n\ntwo") == "def f():\n    one\n\n    two\n    end\n"


def test_an_empty_block_takes_its_line_away(templates) -> None:
    templates("a", "one\n  $body\ntwo\n")
    assert render("a", body="") == "one\ntwo\n"


def test_values_are_not_templates_themselves(templates) -> None:
    templates("a", "$block\n<b>$name</b> $$5\n")
    assert render("a", block="$name", name="$x") == "$name\n<b>$x</b> $5\n"


def test_a_name_without_a_value_is_an_error(templates) -> None:
    templates("a", "<$missing>")
    with pytest.raises(KeyError):
        render("a")


@pytest.mark.parametrize("count", [1, 6, 8, 9, 10, 12, 30])
def test_calls_and_dicts_come_out_as_the_formatter_leaves_them(count: int) -> None:
    arguments = [f'"field_{number}"' for number in range(count)]
    items = [f'"field_{number}": {number}' for number in range(count)]
    text = f"{render_call('x = y.permit', arguments, indent=0)}\n{render_dict(items, head='z = ', indent=0)}\n"
    command = [sys.executable, "-m", "ruff", "format", "--isolated", f"--line-length={LINE_LENGTH}", "-"]
    formatted = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    assert formatted.stdout == text


def test_imports_are_grouped_and_sorted() -> None:
    imports = [
        ("tests.factories.post", "create_post"),
        ("spica.orm", "validates"),
        ("spica.orm", "Model"),
        ("datetime", "date"),
        ("datetime", "UTC"),
        ("itertools", ""),
    ]
    assert render_imports(imports).split("\n") == [
        "import itertools",
        "from datetime import UTC, date",
        "",
        "from spica.orm import Model, validates",
        "",
        "from tests.factories.post import create_post",
    ]
