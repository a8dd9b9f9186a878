"""TLS of a server: the acceptor that the configuration asks for, a certificate for development, and files that change.

Rules of this file:
- Workers of one application share the keys of session tickets, made of its secret key, so that a client resumes its
  session with any of them, also after a restart.
- Certificates are read again when a file has changed: whoever renews them needs to tell nobody. What can't be read
  leaves the old ones in use, and is said once.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from spica._core import TlsAcceptor, TlsConfigurationError, hkdf_sha256, self_signed_certificate
from spica.server.address import parse_address
from spica.server.announcement import tell
from spica.server.errors import CertificateError

Pair = tuple[str, str]

SELF_SIGNED_FOLDER = "tmp/tls"
LOOK_S = 10.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# Every address of this machine: no name of a certificate.
_ANY = ("", "0.0.0.0", "::")  # noqa: S104 - compared, not bound
# A certificate of our own is good for 90 days; a new one is made well before its end.
_RENEW_AFTER_S = 60 * 86_400


def build_acceptor(
    certificates: Sequence[Pair], minimum: Literal["1.2", "1.3"], secret_keys: Sequence[str], *, http2: bool
) -> TlsAcceptor:
    """Read certificates and make what speaks TLS with them.

    Args:    certificates: paths of chain and key, the first for clients that name no server; minimum: the oldest
             version; secret_keys: of the application, [] for ticket keys of this process alone; http2: offer it.
    Raises:  CertificateError.
    """
    secret = secret_keys[0].encode() if secret_keys else None
    tickets = secret and hkdf_sha256(secret, salt=b"", info=b"spica: keys of TLS tickets", length=32)
    try:
        return TlsAcceptor(list(certificates), minimum=minimum, http2=http2, ticket_secret=tickets)
    except TlsConfigurationError as error:
        raise _explained(error) from None


def names_of(binds: Sequence[str]) -> list[str]:
    """The names under which a development server is reached: those of this machine, and the hosts that it listens on.

    Raises:  AddressError: one of them is no address.
    """
    hosts = [address.host for address in map(parse_address, binds) if address.kind == "tcp"]
    return list(dict.fromkeys([*_LOOPBACK, *(host for host in map(_plain, hosts) if host not in _ANY)]))


def ensure_self_signed(folder: Path, names: Sequence[str]) -> Pair:
    """Return a certificate for development, kept in the project's tmp/tls so that a browser asks about it once.

    It is made anew when it is for other names, or soon over.

    Args:    folder: of the project; names: that the certificate is for.
    Raises:  CertificateError: the files can't be written, or one of the names can't be in a certificate.
    """
    chain, key = folder / SELF_SIGNED_FOLDER / "self-signed.pem", folder / SELF_SIGNED_FOLDER / "self-signed.key"
    try:
        if _is_good(chain, key, names):
            return str(chain), str(key)
        chain_text, key_text = self_signed_certificate(list(names))
        chain.parent.mkdir(parents=True, exist_ok=True)
        # Who may read the key is decided before there is one.
        descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w") as file:
            file.write(key_text)
        chain.write_text(chain_text)
        chain.with_suffix(".names").write_text("\n".join(names))
    except OSError as error:
        raise CertificateError(
            "the certificate for development can't be kept", where=str(chain.parent), why=error.strerror or str(error)
        ) from None
    except TlsConfigurationError as error:
        raise _explained(error) from None
    return str(chain), str(key)


def _is_good(chain: Path, key: Path, names: Sequence[str]) -> bool:
    """Whether the certificate that is kept is one for these names, and not soon over."""
    if not (chain.exists() and key.exists()) or time.time() - chain.stat().st_mtime >= _RENEW_AFTER_S:
        return False
    noted = chain.with_suffix(".names")
    return noted.exists() and set(names) <= set(noted.read_text().split())


@contextlib.contextmanager
def watched_certificates(acceptor: TlsAcceptor, certificates: Sequence[Pair]) -> Iterator[None]:
    """Have the files read again when they change, while the block runs on the event loop."""
    watch = _Watch(acceptor, certificates, asyncio.get_running_loop())
    try:
        yield
    finally:
        watch.stop()


class _Watch:
    def __init__(self, acceptor: TlsAcceptor, certificates: Sequence[Pair], loop: asyncio.AbstractEventLoop) -> None:
        self._acceptor = acceptor
        self._files = [file for pair in certificates for file in pair]
        self._loop = loop
        self._seen = self._look()
        self._timer = loop.call_later(LOOK_S, self._on_time)

    def stop(self) -> None:
        self._timer.cancel()

    def _on_time(self) -> None:
        self._timer = self._loop.call_later(LOOK_S, self._on_time)
        seen = self._look()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            if self._acceptor.reload():
                tell("server  the certificates were read again")
        except TlsConfigurationError as error:
            tell(f"{_explained(error)}\nserver  the old certificates stay in use")

    def _look(self) -> list[tuple[int, int, int]]:
        return [_state(file) for file in self._files]


def _plain(host: str) -> str:
    """An address in the one spelling that certificates have; a name as it is."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host.lower()


def _state(file: str) -> tuple[int, int, int]:
    try:
        found = os.stat(file)
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino


def _explained(error: TlsConfigurationError) -> CertificateError:
    what, where, why, fix = error.args
    return CertificateError(what, where=where, why=why, fix=fix)
