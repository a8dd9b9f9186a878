"""Medians and ratios over rounds."""

import pytest

from benchmarks import figures
from benchmarks.figures import Sample


def sample(requests: int, cpu_s: float) -> Sample:
    return Sample(requests, seconds=2.0, cpu_s=cpu_s, p50_us=None, p99_us=None, errors=0)


def test_one_sample_gives_rate_cpu_and_use_of_the_core():
    one = sample(requests=1000, cpu_s=0.5)
    assert (one.rate, one.cpu_us, one.busy) == (500.0, 500.0, 0.25)


def test_a_ratio_is_taken_within_a_round_so_that_a_slow_round_does_not_move_it():
    mine = [sample(100, 1.0), sample(10, 1.0), sample(100, 1.0)]
    other = [sample(200, 1.0), sample(20, 1.0), sample(200, 1.0)]
    assert figures.rate_ratio(mine, other) == pytest.approx(0.5)
    assert figures.cpu_ratio(mine, other) == pytest.approx(2.0)


def test_one_odd_round_does_not_decide():
    mine = [sample(100, 1.0), sample(900, 1.0), sample(110, 1.0)]
    other = [sample(100, 1.0), sample(100, 1.0), sample(100, 1.0)]
    assert figures.rate_ratio(mine, other) == pytest.approx(1.1)


def test_a_ratio_to_what_was_not_measured_is_none():
    assert figures.rate_ratio([sample(100, 1.0)], []) is None


def test_the_middle_leaves_out_what_is_missing():
    assert figures.middle([None, 3, 1, None, 2]) == 2
    assert figures.middle([None]) is None


def test_the_spread_is_the_best_round_over_the_worst():
    assert figures.spread([sample(100, 1.0), sample(150, 1.0), sample(120, 1.0)]) == pytest.approx(1.5)
