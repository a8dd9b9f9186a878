"""Rules: what each accepts, what it says, and which declarations are refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from spica.validation import RuleOptionError, build_rules


def messages(value: object, **options: Any) -> list[str]:
    return [message for rule in build_rules(**options) if (message := rule.check(value))]


@pytest.mark.parametrize("value", [None, "", "  ", "\t\n", [], {}, b""])
def test_presence_refuses_what_is_empty(value: object) -> None:
    assert messages(value, presence=True) == ["can't be blank"]


@pytest.mark.parametrize("value", ["a", 0, False, 0.0, [None], " a "])
def test_presence_accepts_what_is_there(value: object) -> None:
    assert messages(value, presence=True) == []


@pytest.mark.parametrize(
    ("value", "length", "expected"),
    [
        ("ab", (3, 5), ["is too short (minimum is 3 characters)"]),
        ("abc", (3, 5), []),
        ("abcde", (3, 5), []),
        ("abcdef", (3, 5), ["is too long (maximum is 5 characters)"]),
        ("", (1, None), ["is too short (minimum is 1 character)"]),
        ([1, 2], 1, ["is too long (maximum is 1 item)"]),
        ("abc", {"max": 2}, ["is too long (maximum is 2 characters)"]),
        (None, (3, 5), []),
        (12345678, (3, 5), []),
    ],
)
def test_length_counts_characters_and_items(value: object, length: Any, expected: list[str]) -> None:
    assert messages(value, length=length) == expected


@pytest.mark.parametrize("value", ["abc-1", "a"])
def test_format_accepts_a_match(value: str) -> None:
    assert messages(value, format=r"^[a-z0-9-]+$") == []


@pytest.mark.parametrize("value", ["A", "", "abc\n", "abc\nDEF", "\nabc"])
def test_format_with_anchors_means_the_whole_text(value: str) -> None:
    assert messages(value, format=r"^[a-z0-9-]+$") == ["is invalid"]


def test_format_without_anchors_finds_a_part() -> None:
    assert messages("say py!", format="py") == []


def test_inclusion_and_exclusion() -> None:
    assert messages("b", inclusion=["a"]) == ["is not included in the list"]
    assert messages("a", inclusion=["a"]) == []
    assert messages("root", exclusion={"root"}) == ["is reserved"]
    assert messages(None, inclusion=["a"], exclusion=["a"]) == []


@pytest.mark.parametrize(
    ("value", "bounds", "expected"),
    [
        (-1, {"ge": 0}, ["must be greater than or equal to 0"]),
        (0, {"gt": 0}, ["must be greater than 0"]),
        (151, {"le": 150}, ["must be less than or equal to 150"]),
        (Decimal("9.9"), {"lt": Decimal("9.9")}, ["must be less than 9.9"]),
        (float("nan"), {"ge": 0}, ["must be greater than or equal to 0"]),
        (5, {"ge": 0, "le": 150}, []),
        ("x", {"ge": 0}, []),
        (True, {"ge": 5}, []),
    ],
)
def test_number_has_bounds(value: object, bounds: dict[str, Any], expected: list[str]) -> None:
    assert messages(value, number=bounds) == expected
    assert messages(value, numericality=bounds) == expected


def test_an_option_that_is_off_makes_no_rule() -> None:
    assert build_rules(presence=False, length=None) == []


@pytest.mark.parametrize(
    "options",
    [
        {"presense": True},
        {"presence": "yes"},
        {"length": (5, 3)},
        {"length": "3"},
        {"length": (-1, 3)},
        {"length": {"minimum": 3}},
        {"format": "("},
        {"format": 7},
        {"inclusion": "abc"},
        {"number": 5},
        {"number": {"min": 5}},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(RuleOptionError):
        build_rules(**options)
