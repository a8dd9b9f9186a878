"""Maintenance: on and off by a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica import App
from spica import middleware as m
from spica._core import Request as NativeRequest
from spica.config.settings import Settings
from spica.errors.http import ServiceUnavailable
from spica.http.context import Context
from spica.http.request import Request
from spica.middleware.errors import InvalidMiddleware
from tests.serving import open_client


async def test_a_file_switches_it(tmp_path: Path) -> None:
    file = tmp_path / "maintenance.txt"
    app = App(env="production")
    app.use(m.Maintenance(file=file, retry_after_s=9))
    app.get("/page")(lambda: "page")
    app.get("/up", vital=True)(lambda: "up")
    async with open_client(app) as client:
        assert (await client.get("/page")).text == "page"
        file.write_text("Back at <b>noon</b>")
        page = await client.get("/page", headers={"accept": "text/html"})
        assert (page.status, page.headers["retry-after"], page.headers["cache-control"]) == (503, "9", "no-store")
        assert "Back at &lt;b&gt;noon" in page.text
        assert (await client.get("/nowhere")).status == 503
        assert (await client.get("/up")).text == "up"
        file.write_bytes(b"")
        assert (await client.get("/page")).status == 503
        file.unlink()
        assert (await client.get("/page")).text == "page"


@pytest.mark.parametrize(
    ("address", "passes"),
    [
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("::ffff:192.0.2.7", True),
        ("2001:db8::9", True),
        ("2001:db9::9", False),
        ("", False),
        ("x", False),
    ],
)
def test_named_addresses_go_on(tmp_path: Path, address: str, passes: bool) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp/maintenance.txt").touch()
    one = m.Maintenance(allow=["192.0.2.7", "2001:db8::/32"])
    one.bind(Settings(env="test", root=tmp_path))
    native = NativeRequest.build("GET", "/", [], client=(address, 1)) if address not in ("", "x") else None
    ctx = Context(Request(native or NativeRequest.build("GET", "/", [])))
    if passes:
        assert one.before(ctx) is None
    else:
        with pytest.raises(ServiceUnavailable):
            one.before(ctx)


def test_what_is_no_network_is_a_mistake() -> None:
    with pytest.raises(InvalidMiddleware):
        m.Maintenance(allow=["192.0.2.7/24"])
