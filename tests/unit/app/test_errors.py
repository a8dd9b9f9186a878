"""Mistakes found at boot are told together, each once."""

from __future__ import annotations

import pytest

from spica.app.errors import BootError, ProjectFileError, raise_all


def mistake(what: str, where: str) -> ProjectFileError:
    return ProjectFileError(what, where=where, fix="mend it")


def test_nothing_is_raised_for_nothing() -> None:
    raise_all([])
    with pytest.raises(ProjectFileError):
        raise_all([mistake("one", "a.py:1")])


def test_the_same_mistake_at_several_routes_is_told_once_with_every_place() -> None:
    with pytest.raises(ProjectFileError) as caught:
        raise_all([mistake("no controller", place) for place in ("routes.py:1", "routes.py:2", "routes.py:1")])
    assert caught.value.where == "routes.py:1\nroutes.py:2"


def test_different_mistakes_are_all_told() -> None:
    with pytest.raises(BootError, match="2 mistakes") as caught:
        raise_all([mistake("one", "a.py:1"), mistake("two", "a.py:2"), mistake("one", "a.py:3")])
    assert [each.what for each in caught.value.mistakes] == ["one", "two"]
