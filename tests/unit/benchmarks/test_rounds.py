"""Who is left out of a workload, and who may not be."""

import pytest

from benchmarks import rounds, servers, workloads
from benchmarks.failure import BenchmarkError

BY_NAME = {workload.name: workload for workload in workloads.ALL}


@pytest.fixture
def nothing_starts(monkeypatch):
    def fail(server, core):
        raise BenchmarkError(f"{server.title} ended before it answered. Its output:\nno such option: --tls-cert")

    monkeypatch.setattr(rounds, "RunningServer", fail)


@pytest.mark.usefixtures("nothing_starts")
def test_a_server_without_the_feature_is_left_out_and_the_report_says_so(result):
    told = []
    rounds.load_all([servers.SPICA], [BY_NAME["tls"]], 0, result, told.append)
    assert result.load == {"tls": {}}
    assert result.notes == ["spica is left out of tls, it has no TLS: no such option: --tls-cert"]
    assert told[-1] == result.notes[0]


@pytest.mark.usefixtures("nothing_starts")
def test_what_every_server_has_may_not_be_missing(result):
    with pytest.raises(BenchmarkError, match="no such option"):
        rounds.load_all([servers.SPICA], [BY_NAME["plaintext"]], 0, result, print)


def test_a_workload_without_its_load_generator_is_left_out(result, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    rounds.load_all([servers.SPICA], [BY_NAME["h2"]], 0, result, print)
    assert "h2" not in result.load
    assert "h2load is not installed" in result.notes[0]
