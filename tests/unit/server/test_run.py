"""What of the configuration reaches the core."""

from __future__ import annotations

import pytest

from spica import App
from spica.config.server_settings import RuntimeSection, ServerSection
from spica.config.settings import Settings
from spica.server.announcement import render_announcement
from spica.server.errors import RuntimeSettingError
from spica.server.run import running_server, server_arguments


def test_only_what_was_set_is_handed_over() -> None:
    assert server_arguments(Settings(env="test")) == {}
    server = ServerSection(
        max_fields=50, request_line_bytes=4096, field_block_bytes=9000, trusted_proxies=["10.0.0.0/8"]
    )
    settings = Settings(env="test", server=server, runtime=RuntimeSection(max_tasks_per_loop=7))
    assert server_arguments(settings) == {
        "max_fields": 50,
        "request_line_bytes": 4096,
        "field_block_bytes": 9000,
        "trusted_proxies": ["10.0.0.0/8"],
        "max_waiting": 7,
    }


async def test_the_core_takes_every_option_that_can_be_set() -> None:
    app = App(env="test")
    app.settings = Settings(
        env="test",
        server=ServerSection(
            trusted_proxies=["127.0.0.1"],
            forwarded_fields=["x-forwarded-for"],
            max_content_bytes=1,
            request_line_bytes=100,
            field_block_bytes=100,
            max_fields=5,
            max_connections=5,
            head_timeout_s=1,
            content_timeout_s=1,
            keep_alive_timeout_s=1,
            write_timeout_s=1,
        ),
        runtime=RuntimeSection(max_tasks_per_loop=3),
    )
    async with running_server(app, None) as server:
        assert server.connections == 0


async def test_a_value_that_the_core_does_not_understand_is_a_sentence() -> None:
    app = App(env="test")
    app.settings = Settings(env="test", server=ServerSection(trusted_proxies=["10.0.0.0/99"]))
    with pytest.raises(RuntimeSettingError, match=r"10\.0\.0\.0/99"):
        async with running_server(app, None):
            pass


def test_the_announcement() -> None:
    assert render_announcement("Blog", ["http://127.0.0.1:3000"]) == "Blog on http://127.0.0.1:3000 (Ctrl-C stops)"
    two = render_announcement("", ["http://127.0.0.1:1", "unix:/a"], 2)
    assert two == "spica on http://127.0.0.1:1 and unix:/a, 2 workers (Ctrl-C stops)"
