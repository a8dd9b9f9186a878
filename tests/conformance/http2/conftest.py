"""HTTP/2 in cleartext (prior knowledge) and over TLS (ALPN); SPICA_CONFORMANCE_H2_PORT names another server."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator

import pytest

from tests.conformance.features import speaks_http2, speaks_http2_over_tls
from tests.conformance.http2.connection import Connection


@pytest.fixture(params=["cleartext", "tls"])
def connect(request: pytest.FixtureRequest) -> Callable[..., Connection]:
    """Opens connections to the server; `greet=False` leaves the preface to the test."""
    pytest.importorskip("hpack", reason="hpack is not installed: pip install hpack")
    if request.param == "cleartext":
        port = int(os.environ.get("SPICA_CONFORMANCE_H2_PORT") or request.getfixturevalue("port"))
        if not speaks_http2(port):
            pytest.skip("the server does not speak HTTP/2 in cleartext yet")
        return lambda **options: Connection(port, **options)
    tls_port = request.getfixturevalue("tls_port")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    if not speaks_http2_over_tls(tls_port):
        pytest.skip("the server does not speak HTTP/2 over TLS yet")
    return lambda **options: Connection(tls_port, context, **options)


@pytest.fixture
def client(connect: Callable[..., Connection]) -> Iterator[Connection]:
    """A connection whose settings have been exchanged."""
    with connect() as connection:
        yield connection
