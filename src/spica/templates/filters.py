"""The filters that come with Spica: `{{ value | name(arguments) }}` calls `name(value, arguments)`.

Rules of this file:
- None is shown as "", so that a missing value needs no test; `default` is there to say something else.
- A filter returns plain text, which is escaped when it is written, unless it returns `Safe`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date as Date
from datetime import datetime as DateTime
from datetime import time as Time
from decimal import Decimal
from types import MappingProxyType

import msgspec

from spica.templates.rich_text import markdown, sanitize
from spica.templates.safe import Safe, html_of

_UNITS = (("year", 31_536_000), ("month", 2_592_000), ("day", 86_400), ("hour", 3600), ("minute", 60))
_JSON_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&'\u2028\u2029"}


def upper(value: object) -> str:
    """All letters as capitals."""
    # Not _text: text is the usual, and a call is half of what this costs.
    return value.upper() if type(value) is str else _text(value).upper()


def lower(value: object) -> str:
    """All letters small."""
    return value.lower() if type(value) is str else _text(value).lower()


def title(value: object) -> str:
    """A capital at the start of each word; apostrophes don't start one."""
    return " ".join(word[:1].upper() + word[1:].lower() for word in _text(value).split(" "))


def capitalize(value: object) -> str:
    """A capital at the start, the rest as it is."""
    text = _text(value)
    return text[:1].upper() + text[1:]


def trim(value: object) -> str:
    """Without white space at both ends."""
    return _text(value).strip()


def replace(value: object, old: str, new: str) -> str:
    """Every `old` replaced by `new`."""
    return _text(value).replace(old, new)


def truncate(value: object, length: int = 80, end: str = "…") -> str:
    """At most `length` characters, `end` included, cut between words where there is a space."""
    text = _text(value)
    if len(text) <= length:
        return text
    kept = text[: max(0, length - len(end))]
    if not text[len(kept) : len(kept) + 1].isspace() and " " in kept:
        kept = kept[: kept.rindex(" ")]
    return kept.rstrip() + end


def default(value: object, fallback: object = "") -> object:
    """The value, or `fallback` when it is None or "". A name that `render` was not given counts as None here."""
    return fallback if value is None or value == "" else value


def join(values: Iterable[object], separator: str = ", ") -> Safe:
    """All values with `separator` between them, each escaped unless it is HTML already."""
    return Safe(html_of(separator)).join(values)


def length(value: Sequence[object]) -> int:
    """How many items there are; 0 for None."""
    return 0 if value is None else len(value)


def first(values: Iterable[object]) -> object:
    """The first item; None when there is none."""
    return next(iter(values), None)


def last(values: Sequence[object]) -> object:
    """The last item; None when there is none."""
    return values[-1] if values else None


def date(value: Date | Time | None, format: str = "%Y-%m-%d") -> str:
    """A date or time by a `strftime` format; "" for None."""
    return "" if value is None else value.strftime(format)


def number(value: float | Decimal | None, places: int | None = None, separator: str = ",", point: str = ".") -> str:
    """Digits in groups of three: 1234567.5 | number(2) is 1,234,567.50; "" for None."""
    if value is None:
        return ""
    text = f"{value:,}" if places is None else f"{value:,.{places}f}"
    return text.translate({ord(","): separator, ord("."): point})


def currency(
    value: float | Decimal | None,
    unit: str = "$",
    places: int = 2,
    separator: str = ",",
    point: str = ".",
    after: bool = False,
) -> str:
    """An amount of money: 1234.5 | currency is $1,234.50, 1234.5 | currency("€", point=",", separator=".", after=True)
    is 1.234,50 €; a minus stands before all of it; "" for None."""
    if value is None:
        return ""
    text = number(value if value >= 0 else -value, places, separator, point)
    minus = "-" if value < 0 and any(digit in "123456789" for digit in text) else ""
    return f"{minus}{text}\N{NO-BREAK SPACE}{unit}" if after else f"{minus}{unit}{text}"


def percent(value: float | Decimal | None, places: int = 0, point: str = ".") -> str:
    """A share of 1 in hundredths: 0.256 | percent is 26%; "" for None."""
    return "" if value is None else f"{number(value * 100, places, '', point)}%"


def file_size(octets: int | None) -> str:
    """Octets for people, in powers of 1000: 1534000 | file_size is 1.5 MB; "" for None."""
    if octets is None:
        return ""
    amount = float(octets)
    for unit in ("B", "kB", "MB", "GB"):
        if abs(amount) < 999.5:  # what rounds to 1000 is shown in the next unit
            return f"{amount:.0f} {unit}" if unit == "B" or abs(amount) >= 9.95 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def time_ago(value: DateTime | None, now: DateTime | None = None) -> str:
    """How long ago a time was, in its largest unit: "3 hours ago", "in 2 days", "just now"; "" for None.

    Args: now: default the present, in the value's time zone.
    """
    if value is None:
        return ""
    seconds = int(((now or DateTime.now(value.tzinfo)) - value).total_seconds())
    for unit, size in _UNITS:
        count = abs(seconds) // size
        if count:
            text = pluralize(count, unit)
            return f"{text} ago" if seconds > 0 else f"in {text}"
    return "just now"


def pluralize(count: int, one: str, many: str | None = None) -> str:
    """The count with its noun: 1 | pluralize("post") is "1 post", 2 is "2 posts"; `many` for irregular nouns."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def lines(value: object) -> Safe:
    """Escaped text with `<br>` where its lines end."""
    return Safe("<br>\n".join(html_of(line) for line in _text(value).splitlines()))


def json(value: object) -> str:
    """JSON that is safe in a data- attribute, in text, and in <script type="application/json">.

    Source: RFC 8259 section 7 (any character may be written as `\\u` + code).
    """
    return _Json.encode(value).decode().translate(_JSON_ESCAPES)


class _Json:
    encode: Callable[[object], bytes] = staticmethod(msgspec.json.encode)


def use_json(encode: Callable[[object], bytes]) -> None:
    """Have `json` write values as responses do, once there are models whose fields may be hidden."""
    _Json.encode = staticmethod(encode)


FILTERS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            capitalize, currency, date, default, file_size, first, join, json, last, length, lines, lower, markdown,
            number, percent, pluralize, replace, sanitize, time_ago, title, trim, truncate, upper,
        )
    }
)  # fmt: skip


def _join_text(values: Iterable[object], separator: str = ", ") -> str:
    return separator.join(map(_text, values))


def _text(value: object) -> str:
    return "" if value is None else str(value)


PLAIN: Mapping[str, Callable[..., object]] = MappingProxyType({"join": _join_text, "lines": _text})
"""What stands for the filters that make HTML, in text and JSON."""
