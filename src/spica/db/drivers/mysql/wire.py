"""asyncmy's connection with what Spica needs of it besides: TLS by mode, one statement a command, results by cursor.

Rules of this file:
- It is the only place that uses what asyncmy does not document; each use says what for. asyncmy >= 0.2.18.
"""

from __future__ import annotations

import ssl
import struct
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Any

from asyncmy.connection import Connection, MySQLResult
from asyncmy.constants.CLIENT import MULTI_STATEMENTS, SSL
from asyncmy.constants.COMMAND import COM_STMT_EXECUTE, COM_STMT_FETCH
from asyncmy.errors import OperationalError
from asyncmy.protocol import pack_binary_params

from spica.db.driver import Row

NO_TLS = 2026

_OPEN_CURSOR = b"\x01\x01\x00\x00\x00"  # a cursor that only reads, and one execution
_UNSIGNED = 32


class Wire(Connection):  # type: ignore[misc]  # asyncmy's class is compiled
    """A connection of asyncmy.

    `tls_required`: what a server without TLS means: an error, or in the open.
    """

    tls_required = False

    async def _get_server_information(self) -> None:
        # Called between the server's greeting, which says what it can do, and our answer, which says what we want.
        await super()._get_server_information()
        self._client_flag &= ~MULTI_STATEMENTS  # asyncmy always asks for it; nothing here sends two at once
        if self._ssl_context is not None and not self.server_capabilities & SSL:
            if self.tls_required:
                raise OperationalError(NO_TLS, "the server has no TLS")
            self._ssl_context: ssl.SSLContext | None = None
            self._client_flag &= ~SSL

    @property
    def is_open(self) -> bool:
        """Whether the connection is open, as far as is known without asking the server."""
        return bool(self._connected) and not self._stream_broken

    async def fetch_by_cursor(self, statement: Any, values: tuple[object, ...], size: int) -> AsyncIterator[list[Row]]:
        """Execute a prepared statement with a cursor of the server's and fetch its rows, at most `size` at a time."""
        await self._execute_command(
            COM_STMT_EXECUTE,
            statement._execute_header[:4] + _OPEN_CURSOR + (pack_binary_params(values, "utf8") if values else b""),
        )
        columns = MySQLResult(self)
        await columns.init_unbuffered_query()
        columns.unbuffered_active = False  # there are no rows yet: each batch is asked for
        if not columns.field_count:
            return
        colspecs = tuple(
            (field.type_code, bool(field.flags & _UNSIGNED), *converter)
            for field, converter in zip(columns.fields, columns.converters, strict=True)
        )
        if self._deprecate_eof:
            await self.read_packet()  # says that the cursor is open
        fetch = statement._execute_header[:4] + struct.pack("<I", size)
        while True:
            await self._execute_command(COM_STMT_FETCH, fetch)
            rows: list[Row] = []
            while not columns._check_packet_is_eof(packet := await self.read_packet()):
                rows.append(packet.read_binary_row(colspecs))
            if rows:
                yield rows
            if len(rows) < size:
                return


@lru_cache
def tls_of(mode: str) -> ssl.SSLContext | None:
    """What a mode of ServerOptions asks for; None for no TLS. Made once: the system has many authorities to read."""
    if mode == "disable":
        return None
    if mode == "verify-full":
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
