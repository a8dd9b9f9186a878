"""Generated files have the text that is stored in `stored/`, and a second run changes nothing."""

from __future__ import annotations

from pathlib import Path

from tests.generators.store import STORED, generate_blog, generate_rest, read_tree


def test_the_blog_is_the_stored_one(tmp_path: Path) -> None:
    generate_blog(tmp_path)
    assert read_tree(tmp_path) == read_tree(STORED)


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    generate_blog(tmp_path)
    generate_rest(tmp_path)
    before = read_tree(tmp_path)
    generate_rest(tmp_path)
    assert read_tree(tmp_path) == before
