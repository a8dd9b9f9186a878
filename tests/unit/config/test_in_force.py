"""The defaults that `spica config` shows are in force: in Python, and in the core for who uses it alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spica.config.in_force import password_cost, pid_file, pubsub_url, shows_api_docs
from spica.config.listing import list_rows
from spica.config.loader import load_traced
from spica.config.server_settings import COMPRESSED, RuntimeSection, ServerSection
from spica.config.settings import PubsubSection, Settings

CORE = Path(__file__).parents[3] / "core"


def default_in_rust(file: str, field: str) -> float:
    """The number that a field has in an `impl Default`: `20` of `Duration::from_secs(20)`, 65536 of `64 * 1024`."""
    text = (CORE / file).read_text()
    value = re.search(rf"^ +{field}: (?:Duration::(from_\w+)\()?([\d_ *<]+)\)?,$", text, re.M)
    assert value is not None, f"{field} has no default in {file}"
    number = eval(value[2].replace("_", ""))
    return number / 1000 if value[1] == "from_millis" else number


@pytest.mark.parametrize(
    ("key", "file", "field"),
    [
        ("max_content_bytes", "http1/src/limits.rs", "content"),
        ("request_line_bytes", "http1/src/limits.rs", "request_line"),
        ("field_block_bytes", "http1/src/limits.rs", "field_block"),
        ("max_fields", "http1/src/limits.rs", "fields"),
        ("max_connections", "server/src/options.rs", "max_connections"),
        ("max_queue_s", "server/src/options.rs", "max_queue"),
        ("head_timeout_s", "server/src/options.rs", "head_timeout"),
        ("content_timeout_s", "server/src/options.rs", "content_timeout"),
        ("keep_alive_timeout_s", "server/src/options.rs", "keep_alive_timeout"),
        ("write_timeout_s", "server/src/options.rs", "write_timeout"),
        ("max_message_bytes", "server/src/options.rs", "max_message"),
        ("ping_interval_s", "server/src/options.rs", "ping_interval"),
        ("close_timeout_s", "server/src/options.rs", "close_timeout"),
    ],
)
def test_a_limit_is_the_one_of_the_core(key: str, file: str, field: str) -> None:
    assert ServerSection().limits[key] == default_in_rust(file, field)


def test_the_core_waits_for_as_many_calls_and_compresses_the_same_types() -> None:
    assert RuntimeSection().max_tasks_per_loop == default_in_rust("server/src/options.rs", "max_waiting")
    types = re.search(r"DEFAULT: \[&str; \d+\] = \[(.*?)\];", (CORE / "coding/src/types.rs").read_text(), re.S)
    assert types is not None
    assert re.findall(r'"(.*?)"', types[1]) == COMPRESSED


@pytest.mark.parametrize("env", ["development", "test", "production"])
def test_no_setting_is_shown_without_a_value(tmp_path: Path, env: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "app.toml").write_text(f'[app]\nsecret_key = "{"k" * 40}"\n')
    assert [row for row in list_rows(load_traced(tmp_path, env)) if row.value is None] == []


def test_what_depends_on_the_environment_or_on_another_setting() -> None:
    assert password_cost(Settings(env="test")).memory_kib < password_cost(Settings(env="production")).memory_kib
    assert [shows_api_docs(Settings(env=env)) for env in ("development", "production")] == [True, False]
    assert pid_file(Settings()) == ""
    assert pid_file(Settings(server=ServerSection(workers="all"))) == "tmp/server.pid"
    assert pid_file(Settings(server=ServerSection(workers=2, pid_file="run/x.pid"))) == "run/x.pid"


def test_a_test_broadcasts_to_itself_and_everything_else_to_its_host() -> None:
    assert [pubsub_url(Settings(env=env)) for env in ("development", "test", "production")] == [
        "local",
        "memory",
        "local",
    ]
    assert pubsub_url(Settings(env="test", pubsub=PubsubSection(url="local"))) == "local"
