"""Imports put into a module's text and taken out again."""

from __future__ import annotations

import pytest

from spica.generators.import_lines import add_import, remove_import, remove_lines

OWN = "from app.channels.chat_channel import ChatChannel\n"
WANTED = ("app.channels.chat_channel", "ChatChannel")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1\n", f"{OWN}\n\nx = 1\n"),
        ('"""Doc."""\n\nx = 1\n', f'"""Doc."""\n\n{OWN}\nx = 1\n'),
        ("from spica import Socket\n\n\nx = 1\n", f"from spica import Socket\n\n{OWN}\n\nx = 1\n"),
        ("from app.b import B\n\nx = 1\n", f"from app.b import B\n{OWN}\nx = 1\n"),
        (
            "import os\n\nfrom app.b import B\nfrom app.d import D\n",
            f"import os\n\nfrom app.b import B\n{OWN}from app.d import D\n",
        ),
        ("from app.d import (\n    C,\n    D,\n)\n", f"{OWN}from app.d import (\n    C,\n    D,\n)\n"),
    ],
)
def test_the_line_stands_where_imports_are_sorted(before: str, after: str) -> None:
    assert add_import(before, *WANTED) == after
    assert add_import(after, *WANTED) == after, "a second time nothing is added"
    if "import" in before:
        assert remove_import(after, *WANTED) == before


def test_an_import_that_is_used_or_not_alone_stays() -> None:
    for text in (f"{OWN}\nx = ChatChannel\n", "from app.channels.chat_channel import ChatChannel, Other\n"):
        assert remove_import(text, *WANTED) == text


def test_lines_go_with_one_of_two_blanks() -> None:
    assert remove_lines("a\n\nb\nc\n\nd\n", 3, 4) == "a\n\nd\n"
    assert remove_lines("a\n\nb\nc\n", 3, 3) == "a\n\nc\n"
    assert remove_lines("a\n\nb\n", 3, 3) == "a\n"
