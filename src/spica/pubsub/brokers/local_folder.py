"""The folder in which the processes of one application find each other: a socket for each of them.

    /tmp/spica-<uid>/<name>/<node>         a process that takes messages
    /tmp/spica-<uid>/<name>/.<node>        one that is not listening yet

Rules of this file:
- Whoever may enter the folder may broadcast, so nobody but the user of the process may: both folders are ours, and
  closed to others, or they are refused. A socket gets its name when it listens, so that one that refuses is one whose
  process is gone.
- Always below /tmp, whatever TMPDIR says: a service and a shell have different ones, and would not meet. A socket's
  path has room for about 100 octets. `local:///a/folder` is another folder.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import socket
import stat
from pathlib import Path

from spica.pubsub.errors import BrokerUnavailable, BrokerUrlError, FolderRefused

# sun_path has 104 octets on macOS and BSD, 108 on Linux, the closing NUL among them.
_LONGEST_PATH = 103
_NODE_CHARACTERS = 16
_BACKLOG = 128
_APART = "the processes of this host can't find each other"

_is_folder = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,47}").fullmatch
is_node = re.compile(r"[a-z0-9]{1,32}").fullmatch


class Folder:
    """The folder of one application.

    Args:    given: an absolute folder, None for the one of this user below /tmp; name: of the application.
    Raises:  BrokerUrlError when the paths in it would be too long for sockets.
    """

    def __init__(self, given: Path | None, name: str) -> None:
        self._base = given if given is not None else Path(f"/tmp/spica-{os.geteuid()}")  # noqa: S108 - checked below
        self._is_ours = given is None
        # What can't be the name of a folder, or a short one, becomes one that is as good.
        self.path = self._base / (name if _is_folder(name) else hashlib.sha256(name.encode()).hexdigest()[:16])
        longest = len(os.fsencode(self.path)) + 2 + _NODE_CHARACTERS
        if longest > _LONGEST_PATH:
            raise BrokerUrlError(
                f"the paths of sockets in {self.path} would have {longest} octets",
                where="[pubsub] url",
                why=f"the system takes {_LONGEST_PATH}",
                fix='name a folder with a shorter path: url = "local:///run/shop"',
            )

    def announce(self, node: str) -> socket.socket:
        """Make this process's socket and let the others find it.

        Returns: a listening socket that does not block.
        Raises:  FolderRefused when the folder is not ours alone; BrokerUnavailable when the system refuses.
        """
        draft = self.path / f".{node}"
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._bind(made, draft)
            made.listen(_BACKLOG)
            made.setblocking(False)
            draft.rename(self.path / node)
        except OSError as error:
            made.close()
            with contextlib.suppress(OSError):
                draft.unlink()
            raise _unusable(self._base, self.path, error) from error
        except BaseException:
            made.close()
            raise
        return made

    def check(self) -> None:
        """Make sure that sockets can be made there, and leave none. Raises as `announce`."""
        # Not by the process's number: those of containers that share the folder are all 1, and a killed one leaves its
        # file. One that is left is no node, and is in nobody's way.
        draft = self.path / f".check-{secrets.token_hex(4)}"
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
                self._bind(made, draft)
        except OSError as error:
            raise _unusable(self._base, self.path, error) from error
        finally:
            with contextlib.suppress(OSError):
                draft.unlink()
        with contextlib.suppress(OSError):  # others are in it
            os.rmdir(self.path)

    def is_announced(self, node: str) -> bool:
        """Whether a process has its socket there: what cleans up /tmp may have been here."""
        try:
            return stat.S_ISSOCK(os.lstat(self.path / node).st_mode)
        except OSError:
            return False

    def list_nodes(self) -> list[str]:
        """Every process that says it is there, this one included; some may be gone."""
        try:
            return sorted(filter(is_node, os.listdir(self.path)))
        except OSError:
            return []

    def connect(self, node: str) -> socket.socket | None:
        """Connect to another process, without waiting.

        Returns: a socket that does not block; None when the process is gone, and its socket is removed then, or when
                 what has that name is something else.
        Raises:  OSError when it can't be told: it is there and takes nobody now, or this process has no descriptors.
        """
        if not self.is_announced(node):
            return None
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.setblocking(False)
        try:
            made.connect(os.fspath(self.path / node))
        except FileNotFoundError:
            made.close()
            return None
        except ConnectionRefusedError:
            made.close()
            self.withdraw(node)
            return None
        except BaseException:
            made.close()
            raise
        return made

    def withdraw(self, node: str) -> None:
        """Remove a process's socket, and the folder with the last one. Nothing but a socket is ever removed."""
        if self.is_announced(node):
            with contextlib.suppress(OSError):
                os.unlink(self.path / node)
        with contextlib.suppress(OSError):  # others are in it
            os.rmdir(self.path)

    def _bind(self, made: socket.socket, path: Path) -> None:
        self._open()
        try:
            made.bind(os.fspath(path))
        except FileNotFoundError:  # the last process that left took the folder with it
            self._open()
            made.bind(os.fspath(path))

    def _open(self) -> None:
        if self._is_ours:
            _check(self._base)
        else:
            self._base.mkdir(parents=True, exist_ok=True)
        _check(self.path)


def _check(folder: Path) -> None:
    """Make a folder for this user alone, or make sure that it is one."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        what = f"belongs to the user {found.st_uid}" if stat.S_ISDIR(found.st_mode) else "is not a folder"
        raise FolderRefused(
            _APART,
            where=str(folder),
            why=f"it {what}, and who owns it could read and write every broadcast",
            fix='remove it, or name a folder of your own: [pubsub] url = "local:///run/shop"',
        )
    if found.st_mode & 0o077:
        raise FolderRefused(
            _APART,
            where=str(folder),
            why=f"others may enter it (mode {stat.S_IMODE(found.st_mode):o}), and could read and write every broadcast",
            fix=f"chmod 700 {folder}",
        )


def _unusable(base: Path, folder: Path, error: OSError) -> BrokerUnavailable:
    reason = os.strerror(error.errno) if error.errno else str(error)
    why, fix = f"{reason}: a socket can't be made there", "let this user write there"
    nearest = next(one for one in (folder, *folder.parents) if os.path.lexists(one))
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return BrokerUnavailable(_APART, where=str(folder), why=why, fix="make room on its disk")
    if not nearest.is_dir():
        why, fix = f"{nearest} is no folder, so there can be none in it", f"remove {nearest}"
    elif nearest not in (base, folder):
        missing = base.relative_to(nearest).parts[0]
        why = f"{reason}: there is no {missing} in {nearest}, and the user {os.geteuid()} can't make it"
        fix = f"sudo install -d -m 700 -o {os.geteuid()} {base}"
    return BrokerUnavailable(
        _APART, where=str(folder), why=why, fix=f'{fix}, or name another folder: [pubsub] url = "local:///run/shop"'
    )
