"""The filters that come with Spica."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from spica.templates import Safe
from spica.templates.filters import FILTERS


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("upper", ("aé",), "AÉ"),
        ("lower", ("AÉ",), "aé"),
        ("upper", (None,), ""),
        ("title", ("it's a DAY",), "It's A Day"),
        ("capitalize", ("ab cD",), "Ab cD"),
        ("trim", ("  a ",), "a"),
        ("replace", ("aba", "a", "c"), "cbc"),
        ("truncate", ("short",), "short"),
        ("truncate", ("one two three", 9), "one two…"),
        ("truncate", ("one two three", 8), "one two…"),
        ("truncate", ("one two three", 7), "one…"),
        ("truncate", ("abcdefghij", 5), "abcd…"),
        ("truncate", ("abcdefghij", 5, "..."), "ab..."),
        ("truncate", ("abc", 0, ""), ""),
        ("truncate", (None,), ""),
        ("default", (None, "x"), "x"),
        ("default", ("", "x"), "x"),
        ("default", (0, "x"), 0),
        ("join", (["a", "<b>", Safe("<i>")],), "a, &lt;b&gt;, <i>"),
        ("join", ([1, 2], "<br>"), "1&lt;br&gt;2"),
        ("length", ([1, 2],), 2),
        ("length", (None,), 0),
        ("first", ([1, 2],), 1),
        ("first", ([],), None),
        ("last", ([1, 2],), 2),
        ("last", ([],), None),
        ("date", (date(2026, 1, 2),), "2026-01-02"),
        ("date", (datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "%H:%M"), "03:04"),
        ("date", (None,), ""),
        ("number", (1234567,), "1,234,567"),
        ("number", (1234567.5, 2), "1,234,567.50"),
        ("number", (Decimal("1234.567"), 1, ".", ","), "1.234,6"),
        ("number", (None,), ""),
        ("pluralize", (1, "post"), "1 post"),
        ("pluralize", (2, "post"), "2 posts"),
        ("pluralize", (0, "child", "children"), "0 children"),
        ("lines", ("a<\nb",), "a&lt;<br>\nb"),
        ("json", ({"a": "</script>"},), '{"a":"\\u003c/script\\u003e"}'),
        ("json", (date(2026, 1, 2),), '"2026-01-02"'),
    ],
)
def test_filter(name: str, arguments: tuple[object, ...], expected: object) -> None:
    assert FILTERS[name](*arguments) == expected


def test_every_filter_has_a_docstring() -> None:
    assert all(function.__doc__ for function in FILTERS.values())


def test_json_in_its_places(render) -> None:
    x = {"a": "'<&\""}
    assert render("<i data-x='{{ x | json }}'>", x=x) == (
        "<i data-x='{&#34;a&#34;:&#34;\\u0027\\u003c\\u0026\\&#34;&#34;}'>"
    )
    assert render('<script type="application/json">{{ x | json }}</script>', x=x) == (
        '<script type="application/json">{"a":"\\u0027\\u003c\\u0026\\""}</script>'
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"), (59, "just now"), (60, "1 minute ago"), (7199, "1 hour ago"), (7200, "2 hours ago"),
        (-172_800, "in 2 days"), (40 * 86_400, "1 month ago"), (800 * 86_400, "2 years ago"),
    ],
)  # fmt: skip
def test_time_ago(render, seconds: int, text: str) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    then = now - timedelta(seconds=seconds)
    assert render("{{ then | time_ago(now) }}{{ none | time_ago }}", then=then, now=now, none=None) == text
    assert render("{{ then | time_ago }}", then=datetime.now(UTC)) == "just now"


@pytest.mark.parametrize(
    ("value", "options", "shown"),
    [
        (1234.5, {}, "$1,234.50"),
        (-3, {}, "-$3.00"),
        (Decimal("-0.001"), {}, "$0.00"),
        (Decimal("0.005"), {"places": 3}, "$0.005"),
        (1234.5, {"unit": "€", "separator": ".", "point": ",", "after": True}, "1.234,50\u00a0€"),
        (None, {}, ""),
    ],
)
def test_currency(value: Any, options: dict[str, Any], shown: str) -> None:
    assert FILTERS["currency"](value, **options) == shown


@pytest.mark.parametrize(
    ("value", "places", "shown"), [(0.256, 0, "26%"), (Decimal("0.0755"), 1, "7.6%"), (None, 0, "")]
)
def test_percent(value: Any, places: int, shown: str) -> None:
    assert FILTERS["percent"](value, places) == shown


@pytest.mark.parametrize(
    ("octets", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9949, "9.9 kB"), (9950, "10 kB"), (999_499, "999 kB"),
     (999_500, "1.0 MB"), (1_534_000, "1.5 MB"), (2_000_000_000_000_000, "2000.0 TB"), (None, "")],
)  # fmt: skip
def test_file_size(octets: int | None, shown: str) -> None:
    assert FILTERS["file_size"](octets) == shown
