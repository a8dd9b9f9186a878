"""The command line."""

import pytest

from benchmarks.failure import BenchmarkError
from benchmarks.options import build_parser, build_plan


def plan(*arguments: str):
    return build_plan(build_parser().parse_args(["run", *arguments]))


def test_the_default_is_everything():
    full = plan()
    assert len(full.servers) == 7
    assert [workload.name for workload in full.workloads] == ["plaintext", "pipelined", "user", "await"]
    assert full.footprint
    assert full.startup
    assert full.routing


def test_a_choice_keeps_the_limit_because_ratios_need_it():
    small = plan("--only", "plaintext,await", "--servers", "spica,granian", "--seconds", "0.5", "--rounds", "1")
    assert [server.name for server in small.servers] == ["limit", "spica", "granian"]
    assert [workload.name for workload in small.workloads] == ["plaintext", "await"]
    assert not small.footprint
    assert small.settings.seconds == 0.5


def test_a_misspelt_name_is_told_with_the_one_that_was_meant():
    with pytest.raises(BenchmarkError, match=r"no server 'granain'\. Did you mean granian\?"):
        plan("--servers", "granain")
    with pytest.raises(BenchmarkError, match="no part 'websocket'"):
        plan("--only", "websocket")
