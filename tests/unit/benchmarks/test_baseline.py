"""Regressions against stored ratios."""

import pytest

from benchmarks import baseline, places


@pytest.fixture
def stored_file(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "BASELINE", tmp_path / "baseline.json")


def regressed(result, stored: dict[str, float]) -> list[str]:
    return [one.workload for one in baseline.compare(result, stored) if one.regressed]


def test_only_a_ratio_more_than_a_tenth_above_the_stored_one_is_a_regression(result, add_load):
    add_load("plaintext", "limit", 1000, cpu_s=1.0)
    add_load("plaintext", "spica", 1000, cpu_s=1.5)
    assert regressed(result, {"plaintext": 1.4}) == []
    assert regressed(result, {"plaintext": 1.35}) == ["plaintext"]


def test_what_has_no_stored_ratio_cannot_regress(result, add_load):
    add_load("await", "limit", 1000)
    add_load("await", "spica", 1)
    assert regressed(result, {}) == []


@pytest.mark.usefixtures("stored_file")
def test_ratios_are_stored_by_kind_of_machine():
    baseline.save_baseline("one", {"plaintext": 1.3, "user": 1.5})
    baseline.save_baseline("other", {"plaintext": 9.0})
    baseline.save_baseline("one", {"plaintext": 1.2})
    assert baseline.load_baseline("one") == {"plaintext": 1.2, "user": 1.5}
    assert baseline.load_baseline("unknown") == {}


def test_the_kind_of_machine_leaves_out_what_changes_from_day_to_day(result):
    assert result.machine.kind == "Test CPU, 2 cores, Python 3.12"
