"""Rules: what must hold for a value of the right type. One small class a rule; each answers with a message or None.

Rules of this file:
- A rule never raises on a value: what it can't judge (None, another type) is left to the coercion and to `presence`.
- A rule that can't make sense is refused when it is declared, not when a value comes.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Sized
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from spica.errors import SpicaError, closest
from spica.validation.messages import BLANK, INVALID, Message


class RuleOptionError(SpicaError):
    """A validation rule was declared with an option that does not exist or has no meaning."""

    code = "SPICA-D120"


class Rule(Protocol):
    """One condition on a value."""

    def check(self, value: object) -> Message | None:
        """Judge a value. Returns the message about the field, or None when the value is fine."""


@dataclass(frozen=True, slots=True)
class Presence:
    """The value is there: not None, not empty, not only white space. False and 0 are values."""

    def check(self, value: object) -> Message | None:
        blank = value is None or (isinstance(value, str) and not value.strip())
        empty = isinstance(value, Sized) and len(value) == 0
        return BLANK if blank or empty else None


@dataclass(frozen=True, slots=True)
class Length:
    """The number of characters (items, bytes) lies between two bounds, both included; the same twice for exactly."""

    min: int | None = None
    max: int | None = None

    def check(self, value: object) -> Message | None:
        if not isinstance(value, Sized):
            return None
        if self.min is not None and self.min == self.max and len(value) != self.min:
            return Message(f"is the wrong length (should be {_count(self.min, value)})", "wrong_length", count=self.min)
        if self.min is not None and len(value) < self.min:
            return Message(f"is too short (minimum is {_count(self.min, value)})", "too_short", count=self.min)
        if self.max is not None and len(value) > self.max:
            return Message(f"is too long (maximum is {_count(self.max, value)})", "too_long", count=self.max)
        return None


@dataclass(frozen=True, slots=True)
class Format:
    """The text matches a regular expression. `^...$` means the whole text, a last newline included."""

    pattern: re.Pattern[str]

    def check(self, value: object) -> Message | None:
        if not isinstance(value, str):
            return None
        anchored = self.pattern.pattern.startswith("^") and self.pattern.pattern.endswith("$")
        match = self.pattern.fullmatch if anchored else self.pattern.search
        return None if match(value) else INVALID


@dataclass(frozen=True, slots=True)
class Inclusion:
    """The value is one of a list."""

    options: Collection[object]

    def check(self, value: object) -> Message | None:
        return None if value is None or value in self.options else Message("is not included in the list", "inclusion")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """The value is none of a list."""

    options: Collection[object]

    def check(self, value: object) -> Message | None:
        return Message("is reserved", "exclusion") if value is not None and value in self.options else None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A box was ticked: the value is True."""

    def check(self, value: object) -> Message | None:
        return None if value is True else Message("must be accepted", "accepted")


@dataclass(frozen=True, slots=True)
class Number:
    """The number lies within bounds, any of ge, gt, le and lt; is one (eq) or is not (ne); is odd, even or whole."""

    ge: float | Decimal | None = None
    gt: float | Decimal | None = None
    le: float | Decimal | None = None
    lt: float | Decimal | None = None
    eq: float | Decimal | None = None
    ne: float | Decimal | None = None
    odd: bool = False
    even: bool = False
    integer: bool = False

    def check(self, value: object) -> Message | None:
        if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
            return None
        for name, (holds, text, code) in _COMPARISONS.items():
            bound = getattr(self, name)
            if bound is not None and not holds(value, bound):
                return Message(f"{text} {bound}", code, count=bound)
        if (self.integer or self.odd or self.even) and value != int(value):
            return Message("must be a whole number", "not_an_integer")
        if self.odd and value % 2 == 0:
            return Message("must be odd", "odd")
        if self.even and value % 2 != 0:
            return Message("must be even", "even")
        return None


_COMPARISONS: dict[str, tuple[Callable[[Any, Any], bool], str, str]] = {
    "ge": (operator.ge, "must be greater than or equal to", "greater_than_or_equal_to"),
    "gt": (operator.gt, "must be greater than", "greater_than"),
    "le": (operator.le, "must be less than or equal to", "less_than_or_equal_to"),
    "lt": (operator.lt, "must be less than", "less_than"),
    "eq": (operator.eq, "must be equal to", "equal_to"),
    "ne": (operator.ne, "must be other than", "other_than"),
}


def build_rules(**options: Any) -> list[Rule]:
    """Build rules from the keyword options of a `validates(...)` line.

    Args:    options: presence=True; length=(3, 200), a maximum, {"min": 3, "max": 200} or {"exactly": 5};
             format=pattern; inclusion=collection; exclusion=collection; acceptance=True;
             number={"ge": 0, "gt": 0, "le": 9, "lt": 9, "eq": 1, "ne": 1, "odd": True, "even": True, "integer": True}
             (any of them, also as numericality), or True.
    Returns: the rules, in the order of the options; an option that is False or None gives none.
    Raises:  RuleOptionError for an unknown option or one with no meaning.
    Example: build_rules(presence=True, length=(3, 200))
    """
    rules: list[Rule] = []
    for name, option in options.items():
        builder = _BUILDERS.get(name)
        if builder is None:
            raise _unknown(name, _BUILDERS)
        if option is not None and option is not False:
            rules.append(builder(option))
    return rules


def _build_presence(option: Any) -> Rule:
    if option is not True:
        raise RuleOptionError(f"presence={option!r} has no meaning", fix="write presence=True")
    return Presence()


def _build_acceptance(option: Any) -> Rule:
    if option is not True:
        raise RuleOptionError(f"acceptance={option!r} has no meaning", fix="write acceptance=True")
    return Acceptance()


def _build_length(option: Any) -> Rule:
    if isinstance(option, int) and not isinstance(option, bool):
        return _checked_length(None, option)
    if isinstance(option, tuple) and len(option) == 2:
        return _checked_length(*option)
    if isinstance(option, dict) and option.keys() <= {"min", "max"}:
        return _checked_length(option.get("min"), option.get("max"))
    if isinstance(option, dict) and option.keys() == {"exactly"}:
        return _checked_length(option["exactly"], option["exactly"])
    raise RuleOptionError(f"length={option!r} has no meaning", fix="write length=(3, 200), or length=200 for a maximum")


def _checked_length(minimum: Any, maximum: Any) -> Rule:
    for bound in (minimum, maximum):
        if bound is not None and (not isinstance(bound, int) or isinstance(bound, bool) or bound < 0):
            raise RuleOptionError(f"a length bound is a whole number from 0, got {bound!r}")
    if minimum is not None and maximum is not None and minimum > maximum:
        raise RuleOptionError(
            f"length=({minimum}, {maximum}) can never hold", why="the minimum is above the maximum", fix="swap the two"
        )
    return Length(minimum, maximum)


def _build_format(option: Any) -> Rule:
    try:
        return Format(re.compile(option))
    except (re.error, TypeError) as problem:
        raise RuleOptionError(f"format={option!r} is not a regular expression", why=str(problem)) from problem


def _build_number(option: Any) -> Rule:
    bounds = {} if option is True else option
    if not isinstance(bounds, dict):
        raise RuleOptionError(f"number={option!r} has no meaning", fix='write number={"ge": 0, "le": 150}')
    for name in bounds:
        if name not in _NUMBER_OPTIONS:
            raise _unknown(name, _NUMBER_OPTIONS)
    return Number(**bounds)


def _build_collection(rule: Callable[[Collection[object]], Rule]) -> Callable[[Any], Rule]:
    def build(option: Any) -> Rule:
        if isinstance(option, str) or not isinstance(option, Collection):
            raise RuleOptionError(f"{option!r} is not a list of values", fix='write inclusion=["draft", "public"]')
        return rule(option)

    return build


_NUMBER_OPTIONS = (*_COMPARISONS, "odd", "even", "integer")

_BUILDERS: dict[str, Callable[[Any], Rule]] = {
    "presence": _build_presence,
    "length": _build_length,
    "format": _build_format,
    "inclusion": _build_collection(Inclusion),
    "exclusion": _build_collection(Exclusion),
    "number": _build_number,
    "numericality": _build_number,
    "acceptance": _build_acceptance,
}


def _unknown(name: str, options: Collection[str]) -> RuleOptionError:
    near = closest(name, options)
    return RuleOptionError(
        f"there is no validation option {name!r}",
        fix=f"did you mean {near[0]!r}?" if near else f"the options are {', '.join(sorted(options))}",
    )


def _count(number: int, value: object) -> str:
    noun = "character" if isinstance(value, str) else "item"
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
