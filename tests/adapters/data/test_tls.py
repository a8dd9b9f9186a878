"""TLS to the servers: what each mode asks for, and what it means when the server has none."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest

from spica.db.drivers.mysql.wire import tls_of
from spica.db.engine import Database
from spica.db.errors import DatabaseError, DatabaseUnavailable
from tests.adapters.data.databases import patient
from tests.adapters.servers import OwnServer, own_mariadb, own_postgresql

pytestmark = pytest.mark.xdist_group("tls servers")  # they take seconds to make

ENCRYPTED = {
    "postgresql": "select ssl as encrypted from pg_stat_ssl where pid = pg_backend_pid()",
    "mysql": "select variable_value <> '' as encrypted from information_schema.session_status"
    " where variable_name = 'ssl_cipher'",
}


@pytest.fixture(scope="module")
def own_servers() -> Iterator[dict[str, OwnServer]]:
    """A server of each kind with a certificate for localhost that it signed itself."""
    with own_postgresql(tls=True) as postgresql, own_mariadb(tls=True) as mariadb:
        yield {"postgresql": postgresql, "mariadb": mariadb}


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest, own_servers: dict[str, OwnServer]) -> OwnServer:
    return own_servers[request.param]


async def is_encrypted(url: str) -> bool:
    database = Database(patient(url))
    try:
        return bool((await database.query(ENCRYPTED[database.dialect]))[0]["encrypted"])
    finally:
        await database.close()


@pytest.mark.parametrize(("mode", "expected"), [("disable", False), ("prefer", True), ("require", True)])
async def test_a_server_with_tls(server: OwnServer, mode: str, expected: bool) -> None:
    assert await is_encrypted(f"{server.url}?ssl={mode}") is expected


async def test_without_a_mode_it_is_used_where_the_server_has_it(server: OwnServer) -> None:
    assert await is_encrypted(server.url) is True


async def test_verify_full_refuses_a_certificate_that_nobody_vouches_for(server: OwnServer) -> None:
    with pytest.raises(DatabaseError, match=r"(?i)certificate"):
        await is_encrypted(f"{server.url.replace('127.0.0.1', 'localhost')}?ssl=verify-full")


async def test_verify_full_takes_a_trusted_certificate_for_its_host_only(
    server: OwnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.folder / "server.crt"))
    tls_of.cache_clear()
    try:
        assert await is_encrypted(f"{server.url.replace('127.0.0.1', 'localhost')}?ssl=verify-full") is True
        with pytest.raises(DatabaseError, match=r"(?i)certificate"):
            await is_encrypted(f"{server.url}?ssl=verify-full")
    finally:
        tls_of.cache_clear()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
async def test_a_server_without_tls(kind: str) -> None:
    with (own_postgresql if kind == "postgresql" else own_mariadb)() as server:
        for mode in ("disable", "prefer"):
            assert await is_encrypted(f"{server.url}?ssl={mode}") is False
        for mode in ("require", "verify-full"):
            with pytest.raises(DatabaseUnavailable):
                await is_encrypted(f"{server.url}?ssl={mode}")


def test_a_mode_that_does_not_verify_still_is_tls() -> None:
    context = tls_of("require")
    assert context is not None
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
