"""Who listens on a TCP port of this machine.

Source: proc(5): /proc/net/tcp lists sockets with their inode, /proc/PID/fd links descriptors to inodes.
"""

from __future__ import annotations

import os


def find_port_owner(port: int, proc: str = "/proc") -> str | None:
    """Name the process that listens on a port.

    Args:    port: the port; proc: where the proc file system is.
    Returns: "name (pid 123)", or None where it can't be known (another user's process, no /proc).
    """
    inodes = {inode for table in ("tcp", "tcp6") for inode in _listening_inodes(f"{proc}/net/{table}", port)}
    links = {f"socket:[{inode}]" for inode in inodes}
    for process in _processes(proc) if links else []:
        folder = f"{proc}/{process}/fd"
        try:
            if any(os.readlink(f"{folder}/{descriptor}") in links for descriptor in os.listdir(folder)):
                with open(f"{proc}/{process}/comm") as name:
                    return f"{name.read().strip()} (pid {process})"
        except OSError:
            continue  # gone meanwhile, or another user's
    return None


def _processes(proc: str) -> list[str]:
    """The processes, the oldest first: of those that share a socket, the one that opened it."""
    return sorted((name for name in os.listdir(proc) if name.isdigit()), key=int)


def _listening_inodes(table: str, port: int) -> list[str]:
    try:
        with open(table) as lines:
            rows = [line.split() for line in lines][1:]
    except OSError:
        return []
    listening = "0A"  # TCP_LISTEN in include/net/tcp_states.h
    return [row[9] for row in rows if row[3] == listening and int(row[1].rpartition(":")[2], 16) == port]
