"""The command line."""

import pytest

from benchmarks import servers, workloads
from benchmarks.failure import BenchmarkError
from benchmarks.options import build_check_plan, build_parser, build_plan


def plan(*arguments: str):
    return build_plan(build_parser().parse_args(["run", *arguments]))


def test_the_default_is_everything():
    full = plan()
    assert full.servers == servers.ALL
    assert full.workloads == workloads.ALL
    assert full.footprint
    assert full.idle
    assert full.startup
    assert full.routing


def test_a_choice_keeps_the_limit_because_ratios_need_it():
    small = plan("--only", "plaintext,await", "--servers", "spica,granian", "--seconds", "0.5", "--rounds", "1")
    assert [server.name for server in small.servers if not server.is_variant] == ["limit", "spica", "granian"]
    assert [workload.name for workload in small.workloads] == ["plaintext", "await"]
    assert not small.footprint
    assert small.settings.seconds == 0.5


def test_a_family_brings_its_variants_and_a_variant_only_itself():
    assert "nginx-tls" in {server.name for server in plan("--servers", "nginx").servers}
    assert [server.name for server in plan("--servers", "nginx-tls").servers] == ["limit", "limit-fanout", "nginx-tls"]


def test_the_check_measures_what_has_a_ratio_to_the_limit():
    check = build_check_plan(build_parser().parse_args(["check"]))
    assert {workload.reference for workload in check.workloads} == {"limit"}
    assert not check.idle


def test_a_misspelt_name_is_told_with_the_one_that_was_meant():
    with pytest.raises(BenchmarkError, match=r"no server 'granain'\. Did you mean granian\?"):
        plan("--servers", "granain")
    with pytest.raises(BenchmarkError, match="no part 'websockets'"):
        plan("--only", "websockets")
