"""The listening socket, and a sentence when it can't be had."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

from spica.server.errors import AddressError, PortInUseError

LAST_PORT = 65_535
# As nginx and granian; the kernel caps it at net.core.somaxconn.
BACKLOG = 4096


def open_listener(host: str, port: int) -> socket.socket:
    """Bind and listen.

    Args:    host: a name or an address, "::" for all; port: 0 (any free one) to 65535.
    Returns: a listening socket.
    Raises:  PortInUseError: somebody has it, named if that can be known; AddressError: it can't be had at all.
    """
    if not 0 <= port <= LAST_PORT:
        # getaddrinfo takes the number modulo 65,536: another port would be served than the one asked for.
        raise AddressError(f"{port} is no port: ports are 0 (any free one) to {LAST_PORT}")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror as error:
        fix = "use an address of this machine"
        raise AddressError(f"can't listen on {host}:{port}", why=str(error), fix=fix) from None
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
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


def find_port_owner(port: int, proc: Path = Path("/proc")) -> str | None:
    """Say who listens on a TCP port of this machine.

    Args:    port: the port; proc: where the proc file system is.
    Returns: "name (pid 123)", or None where it can't be known (another user's process, no /proc).
    Raises:  nothing.
    Source:  proc(5): /proc/net/tcp lists sockets with their inode, /proc/PID/fd links descriptors to inodes.
    """
    inodes = {inode for table in ("tcp", "tcp6") for inode in _listening_inodes(proc / "net" / table, port)}
    if not inodes:
        return None
    links = {f"socket:[{inode}]" for inode in inodes}
    for process in proc.glob("[0-9]*"):
        try:
            if any(str(descriptor.readlink()) in links for descriptor in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:
            continue  # gone meanwhile, or another user's
    return None


def _listening_inodes(table: Path, port: int) -> list[str]:
    try:
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return []
    listening = "0A"  # TCP_LISTEN in include/net/tcp_states.h
    return [row[9] for row in rows if row[3] == listening and int(row[1].rpartition(":")[2], 16) == port]
