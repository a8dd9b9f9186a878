"""Budgets held against results."""

import pytest

from benchmarks.budgets import judge
from benchmarks.figures import Footprint


def word_of(result, text: str) -> str:
    return next(one.word for one in judge(result) if one.budget.text == text)


def test_what_was_not_measured_is_neither_met_nor_missed(result):
    assert {one.word for one in judge(result)} == {"not measured"}


def test_cpu_within_the_bound_is_met_and_above_it_missed(result, add_load):
    add_load("plaintext", "limit", 1000, cpu_s=1.0)
    add_load("plaintext", "spica", 1000, cpu_s=1.6)
    assert word_of(result, "plaintext: CPU a request, to the limit") == "met"
    add_load("plaintext", "spica", 1000, cpu_s=1.7)
    assert word_of(result, "plaintext: CPU a request, to the limit") == "MISSED"


def test_a_rate_below_the_bound_is_missed(result, add_load):
    for server, requests in (("limit", 4000), ("spica", 1500), ("granian", 1000)):
        add_load("plaintext", server, requests)
    assert word_of(result, "plaintext: req/s, to granian") == "MISSED"
    add_load("plaintext", "spica", 2000)
    assert word_of(result, "plaintext: req/s, to granian") == "met"


def test_a_rate_is_also_told_by_cpu_and_for_the_limit(result, add_load):
    for server, requests, cpu_s in (("limit", 9000, 0.5), ("spica", 8000, 0.8), ("litestar", 1000, 1.0)):
        add_load("user", server, requests, cpu_s)
    verdict = next(one for one in judge(result) if one.budget.text == "typed parameter to JSON: req/s, to litestar")
    assert verdict.word == "MISSED"
    values = (verdict.value, verdict.by_cpu, verdict.of_limit, verdict.of_limit_by_cpu)
    assert values == pytest.approx((8.0, 10.0, 9.0, 18.0))


def test_memory_is_judged_in_the_unit_of_the_promise(result):
    result.footprints["spica"] = Footprint(80.0, rss_bytes=31_000_000, pss_bytes=20_000_000, idle_connection_bytes=1000)
    assert word_of(result, "idle RSS, hello app, one worker") == "MISSED"
    assert word_of(result, "memory of an idle connection") == "met"


def test_tls_is_held_against_our_own_clear_text(result, add_load):
    add_load("tls", "spica", 1000, cpu_s=1.0)
    add_load("tls", "spica-tls", 1000, cpu_s=2.1)
    assert word_of(result, "plaintext over TLS: CPU a request, to our clear text") == "MISSED"


def test_an_idle_connection_that_could_not_be_held_is_not_measured(result):
    result.idle["websocket"] = {"spica-websocket": None}
    assert word_of(result, "memory of an idle connection, WebSocket") == "not measured"
    result.idle["websocket"] = {"spica-websocket": 4000.0}
    assert word_of(result, "memory of an idle connection, WebSocket") == "met"
