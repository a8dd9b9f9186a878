"""Listening sockets, and a sentence when they can't be had.

Rules of this file:
- Imports little: the supervisor, which holds the sockets for all workers, is a small process.
- A Unix socket's file is removed when nobody listens on it any more, and at the end by whom made it.
Source: sd_listen_fds(3) for descriptors handed over by systemd; unix(7).
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from spica.server.address import LAST_PORT, Address, bracketed, check_port, parse_address
from spica.server.errors import AddressError, PortInUseError
from spica.server.port_owner import find_port_owner

# As nginx and granian; the kernel caps it at net.core.somaxconn.
BACKLOG = 4096
SYSTEMD_FIRST = 3  # SD_LISTEN_FDS_START
SOCKET_MODE = 0o660


class Listeners(NamedTuple):
    """Open listening sockets, and the Unix socket files (path, inode) that are ours to remove."""

    sockets: list[socket.socket]
    files: list[tuple[str, int]]

    @property
    def urls(self) -> list[str]:
        """Where they listen, as people type it."""
        return [url_of(listener) for listener in self.sockets]

    def close(self) -> None:
        """Stop listening in this process, and remove the files."""
        for listener in self.sockets:
            listener.close()
        for path, inode in self.files:
            with contextlib.suppress(OSError):
                if os.stat(path).st_ino == inode:  # another server may have put its own there meanwhile
                    os.unlink(path)


def open_listeners(addresses: Sequence[Address], *, socket_mode: int = SOCKET_MODE) -> Listeners:
    """Listen on every address, or on none.

    Args:    addresses: at least one; socket_mode: permissions of Unix sockets.
    Raises:  PortInUseError, AddressError; what had been opened is closed again.
    """
    opened = Listeners([], [])
    try:
        for address in addresses:
            if address.kind == "unix":
                _open_unix(address.path, socket_mode, opened)
            elif address.kind == "fd":
                opened.sockets.append(_take_descriptor(address.descriptor))
            else:
                dual = not any(other.kind == "tcp" and other.host == "0.0.0.0" for other in addresses)  # noqa: S104
                opened.sockets.extend(_open_tcp(address.host, address.port, dual_stack=dual))
    except BaseException:
        opened.close()
        raise
    return opened


def open_listener(host: str, port: int) -> socket.socket:
    """Bind and listen on one address.

    Args:    host: a name or an address, "::" for all; port: 0 (any free one) to 65535.
    Returns: a listening socket.
    Raises:  PortInUseError: somebody has it, named if that can be known; AddressError: it can't be had at all.
    """
    check_port(port)
    return _bind(_resolve(host, port)[0], host, port, dual_stack=True)


def take_systemd_addresses() -> list[Address]:
    """Give the sockets that systemd opened for this process, [] for none; our children don't see its variables."""
    given = {name: os.environ.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")}
    if given["LISTEN_PID"] != str(os.getpid()) or not given["LISTEN_FDS"].isdigit():
        return []
    return [Address("fd", descriptor=SYSTEMD_FIRST + number) for number in range(int(given["LISTEN_FDS"]))]


def choose_addresses(binds: Sequence[str], *, typed: bool) -> list[Address]:
    """Decide where to listen: what was typed wins over systemd's sockets, which win over the configuration.

    Raises:  AddressError for one that is not understood.
    """
    handed_over = take_systemd_addresses()
    return handed_over if handed_over and not typed else [parse_address(bind) for bind in binds]


def url_of(listener: socket.socket) -> str:
    """Say where a socket listens: http://127.0.0.1:3000, or unix:/run/app.sock."""
    name = listener.getsockname()
    if isinstance(name, str | bytes):  # a Unix socket's path
        return f"unix:{os.fsdecode(name)}"
    return f"http://{bracketed(name[0])}:{name[1]}"


def _open_tcp(host: str, port: int, *, dual_stack: bool) -> list[socket.socket]:
    """Listen on a host; for "localhost" on both loopback addresses, because clients try either first."""
    check_port(port)
    found = _resolve(host, port)
    if host != "localhost":
        return [_bind(found[0], host, port, dual_stack=dual_stack)]
    opened: list[socket.socket] = []
    for entry in sorted(found, key=lambda entry: entry[0] != socket.AF_INET):
        chosen = opened[0].getsockname()[1] if opened else port
        try:
            opened.append(_bind((entry[0], (entry[1][0], chosen, *entry[1][2:])), host, chosen, dual_stack=False))
        except (AddressError, PortInUseError):
            # No IPv6 here, or the port that was found free is taken there: one loopback address is enough.
            if not opened:
                raise
    return opened


_Resolved = tuple[socket.AddressFamily, tuple[object, ...]]


def _resolve(host: str, port: int) -> list[_Resolved]:
    # For a str, Python would first load its tables for international names.
    name = host.encode() if host.isascii() else host
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        fix = "use an address of this machine"
        raise AddressError(f"can't listen on {host}:{port}", why=str(error), fix=fix) from None
    return [(family, address) for family, _, _, _, address in found]


def _bind(resolved: _Resolved, host: str, port: int, *, dual_stack: bool) -> socket.socket:
    family, address = resolved
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise _explained(error, host, port) from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and not dual_stack:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _explained(error, host, port) from None
    return listener


def _explained(error: OSError, host: str, port: int) -> Exception:
    if error.errno == errno.EADDRINUSE:
        owner = find_port_owner(port)
        return PortInUseError(
            f"port {port} is in use" + (f" by {owner}" if owner else ""),
            where=f"{host}:{port}",
            fix=f"stop that process, or choose another port: spica server --port {port + 1 if port < LAST_PORT else 0}",
        )
    fix = "ports below 1024 need privileges: choose one above" if error.errno == errno.EACCES else "check host and port"
    return AddressError(f"can't listen on {host}:{port}", why=error.strerror or str(error), fix=fix)


def _take_descriptor(descriptor: int) -> socket.socket:
    try:
        listener = socket.socket(fileno=descriptor)
    except OSError as error:
        why = error.strerror or str(error)
        fix = "let whoever starts the server open and pass it, as systemd does"
        raise AddressError(f"descriptor {descriptor} is no socket", why=why, fix=fix) from None
    if not _is_listening(listener):
        listener.detach()
        raise AddressError(f"descriptor {descriptor} does not listen", fix="listen() on it before it is handed over")
    return listener


def _is_listening(listener: socket.socket) -> bool:
    try:
        return bool(listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return True  # macOS does not tell; accepting will


def _open_unix(path: str, mode: int, opened: Listeners) -> None:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_stale(path)
        # Between bind and chmod nobody may connect who may not later.
        with _umask(0o777 & ~mode):
            listener.bind(path)
        os.chmod(path, mode)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        why = error.strerror or str(error)
        # A path that is too long never reaches the system: Python refuses it without an errno.
        fix = "make the folder, and let this user write there" if error.errno else "take a path below 104 bytes"
        raise AddressError(f"can't listen on unix:{path}", why=why, fix=fix) from None
    except BaseException:
        listener.close()
        raise
    opened.sockets.append(listener)
    opened.files.append((path, os.stat(path).st_ino))


def _remove_stale(path: str) -> None:
    """Remove a socket file that a server left behind; one that is answered belongs to a server that runs."""
    try:
        kind = os.stat(path).st_mode
    except OSError:
        return
    if not stat.S_ISSOCK(kind):
        raise AddressError(f"can't listen on unix:{path}", why="a file that is no socket is there", fix="remove it")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
            return
        except OSError:
            pass  # a full backlog (EAGAIN) or no permission: somebody may listen
    raise PortInUseError(f"unix:{path} is in use", why="a process listens on it", fix="stop it, or choose another path")


@contextlib.contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)
