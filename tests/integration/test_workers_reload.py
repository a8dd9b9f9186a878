"""`spica reload` and SIGHUP: new code under load, and what is refused."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from tests.integration.workers import APP, Load, fetch, served
from tests.processes import run_command


def test_reloads_under_load_lose_nothing(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "2") as server, Load(server.port, keeping=3, closing=2) as load:
        for version in ("two", "three", "four"):
            load.await_answers(200)
            (tmp_path / "app.py").write_text(APP.replace('"one"', f'"{version}"'))
            said = run_command("reload", cwd=tmp_path).stdout
            assert "reloaded 2 workers in" in said
        load.await_answers(600)
        assert fetch(server.port, "/") == "four"
    assert load.failures == {}

    assert load.counts["idle"] == 0
    assert set(load.answers) == {b"one", b"two", b"three", b"four"}
    assert load.counts["answered"] >= 1200


def test_code_that_does_not_start_leaves_the_old_workers(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "2") as server:
        before = server.await_pids(lambda pids: len(pids) == 2)
        (tmp_path / "app.py").write_text("from spica import App\n\nraise LookupError('not today')\n")
        refused = run_command("reload", "--json", cwd=tmp_path, check=False)
        assert refused.returncode == 1
        told = json.loads(refused.stdout)
        assert (told["outcome"], told["error"]) == ("refused", "LookupError: not today")
        again = run_command("reload", cwd=tmp_path, check=False)
        assert again.returncode == 1
        assert "its old workers go on serving" in again.stderr
        assert "why    LookupError: not today" in again.stderr
        assert server.await_pids(lambda pids: len(pids) == 2) == before
        assert sum("LookupError: not today" in line for line in server.lines if "server  " not in line) == 2


def test_the_configuration_is_read_again(tmp_path: Path) -> None:
    config = tmp_path / "config" / "server.toml"
    config.parent.mkdir()
    config.write_text("[server]\nworkers = 2\nport = 0\n")
    with served(tmp_path) as server:
        first = server.await_pids(lambda pids: len(pids) == 2)
        config.write_text(
            "[server]\nworkers = 1\nsupervise = true\nhost = '127.0.0.2'\n[runtime]\ncpu_affinity = 'auto'\n"
        )
        server.process.send_signal(signal.SIGHUP)
        server.await_line("listening on 127.0.0.2:0 needs a restart; it stays 127.0.0.1:0")
        server.await_line("reloaded in")
        second = server.await_pids(lambda pids: len(pids) == 1)
        assert not second & first
        config.write_text("[server]\nworkres = 3\n")
        refused = run_command("reload", cwd=tmp_path, check=False, SPICA_ENV="test")
        # The mistake is found by the command already, before anybody is asked.
        assert refused.returncode == 1
        assert "[server] has no key 'workres'" in refused.stderr
        server.process.send_signal(signal.SIGHUP)
        server.await_line("not reloaded, the old workers go on: SPICA-C001")
        assert server.await_pids(lambda pids: len(pids) == 1) == second


def test_without_a_server_or_a_supervisor_there_is_nothing_to_reload(tmp_path: Path) -> None:
    refused = run_command("reload", cwd=tmp_path, check=False)
    assert refused.returncode == 1
    assert "SPICA-S005  no server runs here" in refused.stderr
    with served(tmp_path, "--pid-file", "one.pid") as server:
        assert fetch(server.port, "/") == "one"
        refused = run_command("reload", "--pid-file", "one.pid", cwd=tmp_path, check=False)
        assert f"the server (pid {server.process.pid}) can't be reloaded" in refused.stderr
        server.process.send_signal(signal.SIGHUP)
        server.await_line("SIGHUP reloads a supervisor's workers, and there is none: spica server --supervise")
        assert fetch(server.port, "/") == "one"
        assert server.end() == 0
    assert not (tmp_path / "one.pid").exists()
