"""What was typed wins over the configuration, which wins over the defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica.config.server_settings import RuntimeSection, ServerSection
from spica.config.settings import Settings
from spica.server import planning
from spica.server.plan import Typed
from spica.server.planning import build_plan, load_settings

TYPED = Typed(None, "/srv/blog")


def settings(runtime: RuntimeSection | None = None, **server: object) -> Settings:
    return Settings(env="test", server=ServerSection(**server), runtime=runtime or RuntimeSection())  # type: ignore[arg-type]


def test_the_defaults_are_one_process_without_a_pid_file() -> None:
    plan = build_plan(TYPED, settings())
    assert (plan.binds, plan.binds_typed, plan.workers, plan.is_supervised) == (("127.0.0.1:3000",), False, 1, False)
    assert (plan.pid_file, plan.cpus, plan.access_log, plan.grace_s, plan.socket_mode) == (
        "",
        None,
        "text",
        30.0,
        0o660,
    )


@pytest.mark.parametrize(
    ("typed", "server", "binds", "are_typed"),
    [
        ({}, {"bind": ["unix:/a", "[::]:1"]}, ("unix:/a", "[::]:1"), False),
        ({"port": 8000}, {"bind": ["unix:/a"], "host": "10.0.0.1"}, ("10.0.0.1:8000",), True),
        ({"host": "::"}, {"port": 80}, ("[::]:80",), True),
        ({"binds": ("fd:3",)}, {"bind": ["unix:/a"]}, ("fd:3",), True),
    ],
)
def test_where_to_listen(typed: dict, server: dict, binds: tuple[str, ...], are_typed: bool) -> None:
    plan = build_plan(TYPED._replace(**typed), settings(**server))
    assert (plan.binds, plan.binds_typed) == (binds, are_typed)


@pytest.mark.parametrize(
    ("typed", "server", "workers", "supervised"),
    [
        ({}, {"workers": 3}, 3, True),
        ({"workers": 1}, {"workers": 3}, 1, False),
        ({"workers": "all"}, {}, 6, True),
        ({}, {"workers": "all"}, 6, True),
        ({"supervise": True}, {}, 1, True),
        ({}, {"supervise": True}, 1, True),
    ],
)
def test_how_many_workers(
    typed: dict, server: dict, workers: int, supervised: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "usable_cores", lambda: 6)
    plan = build_plan(TYPED._replace(**typed), settings(**server))
    assert (plan.workers, plan.is_supervised) == (workers, supervised)
    assert plan.pid_file == ("/srv/blog/tmp/server.pid" if supervised else "")


def test_a_pid_file_that_somebody_asked_for() -> None:
    plan = build_plan(TYPED._replace(pid_file="/run/a.pid"), settings(pid_file="b.pid"))
    assert (plan.pid_file, plan.pid_file_wanted) == ("/run/a.pid", True)
    assert build_plan(TYPED, settings(pid_file="b.pid")).pid_file == "/srv/blog/b.pid"
    assert build_plan(TYPED._replace(supervise=True), settings(pid_file="")).pid_file == ""


def test_quiet_turns_the_access_log_off() -> None:
    assert build_plan(TYPED._replace(quiet=True), settings(access_log="json")).access_log is None
    assert build_plan(TYPED, settings(access_log="off")).access_log is None


def test_a_folder_that_is_no_project_has_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "nginx.toml").write_text("[upstream]\nx = 1\n")
    assert load_settings(tmp_path).server == ServerSection()
    (tmp_path / "config" / "nginx.toml").unlink()
    (tmp_path / "config" / "server.toml").write_text("[server]\nworkers = 2\n")
    assert load_settings(tmp_path).server.workers == 2
