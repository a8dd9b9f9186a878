"""spica.http.negotiation: RFC 9110 section 12.5.1."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spica.http.negotiation import best, parse_accept

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "offers", "chosen"),
    [
        (None, ["html", "json"], "html"),
        ("", ["html", "json"], "html"),
        ("*/*", ["json", "html"], "json"),
        (BROWSER, ["json", "html"], "html"),
        (BROWSER, ["json"], "json"),
        ("application/json", ["html", "json"], "json"),
        ("application/json", ["html"], None),
        ("text/*", ["json", "text/plain"], "text/plain"),
        ("text/*;q=0.3, text/html;q=0.7, */*;q=0.5", ["text/plain", "text/html", "json"], "text/html"),
        ("text/*, text/plain;q=0", ["text/plain", "html"], "html"),
        ("*/*;q=0", ["html"], None),
        ("TEXT/HTML", ["html"], "html"),
        ("application/json;q=0.5, text/html;q=0.5", ["html", "json"], "html"),
        ("application/json ; Q=0.4 , text/html;q=0.5", ["json", "html"], "html"),
        ("nonsense", ["html", "json"], "html"),
        ("*/html", ["json", "html"], "json"),
        ("text/html;level=1", ["html"], "html"),
        ("text/html; charset=utf-8", ["text/html; charset=utf-8"], "text/html; charset=utf-8"),
        ("application/json", [], None),
    ],
)
def test_best(accept: str | None, offers: list[str], chosen: str | None) -> None:
    assert best(accept, offers) == chosen


@pytest.mark.parametrize("quality", ["inf", "nan", "-1", "+1", "1e9", "1_0", "", "x", "٣", "0.0001", "1.5.5"])
def test_a_quality_that_is_none_counts_as_0(quality: str) -> None:
    assert best(f"text/html;q={quality}, application/json;q=0.1", ["html", "json"]) == "json"


def test_a_quality_above_1_is_1() -> None:
    assert parse_accept("text/html;q=9")[0].quality == 1.0


@given(st.text(st.sampled_from("abt/*;,q=.019 "), max_size=80))
def test_any_field_gives_an_offer_or_none(accept: str) -> None:
    assert best(accept, ["html", "json"]) in ("html", "json", None)
    assert all(0 <= media_range.quality <= 1 for media_range in parse_accept(accept))


def test_a_long_field_takes_linear_time() -> None:
    def seconds(size: int) -> float:
        start = time.thread_time()
        best("a/b;q=0.1," * size + str(time.perf_counter_ns()), ["html", "json"])
        return time.thread_time() - start

    assert min(seconds(10_000) for _ in range(3)) < 40 * min(seconds(1_000) for _ in range(5)) + 0.01
