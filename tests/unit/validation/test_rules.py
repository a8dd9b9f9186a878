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


@pytest.mark.parametrize(
    ("value", "bounds", "expected"),
    [
        (3, {"eq": 4}, ["must be equal to 4"]),
        (4, {"eq": 4, "even": True, "integer": True}, []),
        (3, {"ne": 3}, ["must be other than 3"]),
        (3, {"odd": True}, []),
        (4, {"odd": True}, ["must be odd"]),
        (3, {"even": True}, ["must be even"]),
        (2.5, {"integer": True}, ["must be a whole number"]),
        (2.5, {"even": True}, ["must be a whole number"]),
    ],
)
def test_number_is_one_or_odd_or_even_or_whole(value: object, bounds: dict[str, Any], expected: list[str]) -> None:
    assert messages(value, number=bounds) == expected


def test_acceptance_wants_a_tick() -> None:
    assert messages(False, acceptance=True) == ["must be accepted"]
    assert messages(None, acceptance=True) == ["must be accepted"]
    assert messages(True, acceptance=True) == []


def test_length_exactly() -> None:
    assert messages("abc", length={"exactly": 5}) == ["is the wrong length (should be 5 characters)"]
    assert messages("abcde", length={"exactly": 5}) == []


@pytest.mark.parametrize(
    ("value", "options", "code", "parameters"),
    [
        ("", {"presence": True}, "blank", {}),
        ("a", {"length": (2, 3)}, "too_short", {"count": 2}),
        ("abcd", {"length": 3}, "too_long", {"count": 3}),
        ("a", {"format": "b"}, "invalid", {}),
        ("a", {"inclusion": ["b"]}, "inclusion", {}),
        ("a", {"exclusion": ["a"]}, "exclusion", {}),
        (1, {"number": {"ge": 2}}, "greater_than_or_equal_to", {"count": 2}),
        (1, {"number": {"lt": 1}}, "less_than", {"count": 1}),
    ],
)
def test_messages_have_the_codes_of_their_translations(
    value: object, options: dict[str, Any], code: str, parameters: dict[str, Any]
) -> None:
    [rule] = build_rules(**options)
    message = rule.check(value)
    assert message is not None
    assert (message.code, message.parameters) == (code, parameters)
