"""What of the configuration reaches the core."""

from __future__ import annotations

import asyncio

import pytest

from spica import App
from spica._core import Server
from spica.config.server_settings import CompressionSection, Http2Section, RuntimeSection, ServerSection
from spica.config.settings import Settings
from spica.server.announcement import render_announcement
from spica.server.errors import RuntimeSettingError
from spica.server.run import running_server, server_arguments


def test_what_was_set_is_handed_over_with_the_defaults() -> None:
    always = server_arguments(Settings(env="test"))
    assert (always["http2"], always["http2_max_streams"], always["max_content_bytes"]) == (True, 256, 16 * 1024 * 1024)
    server = ServerSection(
        max_fields=50, request_line_bytes=4096, field_block_bytes=9000, trusted_proxies=["10.0.0.0/8"]
    )
    settings = Settings(env="test", server=server, runtime=RuntimeSection(max_tasks_per_loop=7))
    assert server_arguments(settings) == {
        **always,
        "max_fields": 50,
        "request_line_bytes": 4096,
        "field_block_bytes": 9000,
        "trusted_proxies": ["10.0.0.0/8"],
        "max_waiting": 7,
    }


def test_http2_is_handed_over() -> None:
    server = ServerSection(http2=Http2Section(enabled=False, max_concurrent_streams=3))
    handed = server_arguments(Settings(env="test", server=server))
    assert (handed["http2"], handed["http2_max_streams"]) == (False, 3)


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


def test_compression_is_handed_over_where_it_is_not_as_usual() -> None:
    section = CompressionSection(brotli=False, threshold_bytes=500, types=["text/*"])
    settings = Settings(env="test", server=ServerSection(compression=section))
    handed_over = server_arguments(settings)["compression"]
    assert handed_over == {"brotli": False, "threshold_bytes": 500, "types": ["text/*"]}


async def test_the_core_knows_every_option_of_compression() -> None:
    app = App(env="test")
    section = CompressionSection(
        enabled=False, gzip=False, brotli=False, zstd=False, threshold_bytes=1, types=["text/html"]
    )
    app.settings = Settings(env="test", server=ServerSection(compression=section))
    async with running_server(app, None):
        pass
    with pytest.raises(TypeError, match="compression has no option"):
        Server(app.core, asyncio.get_running_loop(), compression={"br": True})  # type: ignore[typeddict-unknown-key]
