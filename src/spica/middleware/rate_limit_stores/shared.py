"""Buckets in memory that all workers of a server see, so that a limit is a limit and not one a worker.

    header 64 octets   magic 8, secret of the hash 16, rest unused
    sets   128 octets  8 slots of (fingerprint of the key 8, time at which its bucket is full 8)

Rules:
- The size is fixed: a million keys take as much memory as one. A key has its set by its fingerprint; in a set without a
  free slot the bucket that is nearest to full gives way, which is the one whose loss forgives least.
- Slots are free when their bucket is full again; nothing is ever swept.
- One set is locked at a time, by the kernel (fcntl): a worker that is killed holds nothing up. A process alone on its
  memory needs no lock: limits are taken on the thread of the event loop only.
- The hash is keyed with a secret of the file's own, so nobody can choose keys that meet in a set.
- What else is found in a file is not trusted: it is emptied when it isn't one of ours.
Source: set-associative caches, for the layout.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import sys
import tempfile
import time
from hashlib import blake2b
from pathlib import Path

from spica.middleware.rate import Rate, Taken, take

SLOTS = 8
SET_BYTES = SLOTS * 16
HEADER_BYTES = 64
DEFAULT_SETS = 16_384
"""131,072 buckets in 2 MiB."""

_MAGIC = b"SPICARL1"
_SECRET = slice(8, 24)
_WORKER = "spica.server.worker"
_PREFIX = "spica-limits"
_read_set = struct.Struct(f"<{2 * SLOTS}Q").unpack_from
_write_slot = struct.Struct("<QQ").pack_into


class SharedStore:
    """Buckets in a file that is mapped into every worker, or in memory of this process alone.

    Args:    path: of the file; None for memory of its own, unless this process is one of several workers, which share
             a file of the server's; sets: how many sets of 8 buckets, a power of two.
    """

    waits = False

    def __init__(self, path: str | os.PathLike[str] | None = None, *, sets: int = DEFAULT_SETS) -> None:
        if sets < 1 or sets & (sets - 1):
            raise ValueError(f"sets is a power of two, not {sets}")
        self._path = Path(path) if path is not None else None
        self._mask = sets - 1
        self._size = HEADER_BYTES + sets * SET_BYTES
        self._file = -1
        self._memory: mmap.mmap | None = None
        self._secret = b""

    def open(self) -> None:
        """Map the memory. Raises OSError when the file can't be made or belongs to somebody else."""
        if self._memory is not None:
            return
        path = self._path or _server_path()
        if path is None:
            self._memory = mmap.mmap(-1, self._size)
            self._memory[: len(_MAGIC)] = _MAGIC
            self._memory[_SECRET] = os.urandom(16)
        else:
            self._file = _open_file(path, self._size)
            self._memory = mmap.mmap(self._file, self._size)
        self._secret = self._memory[_SECRET]

    def take(self, key: bytes, rate: Rate, cost: int) -> Taken:
        """Take tokens from the bucket of a key."""
        memory = self._memory
        if memory is None:
            self.open()
            memory = self._memory
            assert memory is not None  # opened above
        digest = int.from_bytes(blake2b(key, key=self._secret, digest_size=16).digest(), "little")
        fingerprint = digest >> 64 or 1
        offset = HEADER_BYTES + (digest & self._mask) * SET_BYTES
        file = self._file
        if file < 0:
            return _take(memory, offset, fingerprint, rate, cost)
        fcntl.lockf(file, fcntl.LOCK_EX, 1, offset)
        try:
            return _take(memory, offset, fingerprint, rate, cost)
        finally:
            fcntl.lockf(file, fcntl.LOCK_UN, 1, offset)


def _take(memory: mmap.mmap, offset: int, fingerprint: int, rate: Rate, cost: int) -> Taken:
    slots = _read_set(memory, offset)
    fingerprints, times = slots[::2], slots[1::2]
    if fingerprint in fingerprints:
        slot = fingerprints.index(fingerprint)
        full_at = times[slot]
    else:
        # A slot never used has the time 0, and so has the bucket that is nearest to full.
        slot = times.index(min(times))
        full_at = 0
    full_at, taken = take(rate, full_at, time.time_ns(), cost)
    if cost and taken.is_allowed:
        _write_slot(memory, offset + slot * 16, fingerprint, full_at)
    return taken


def _server_path() -> Path | None:
    """The file that the workers of one server share, named after their supervisor; None outside of a worker."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    if spec is None or spec.name != _WORKER:
        return None
    folder = Path("/dev/shm" if os.path.isdir("/dev/shm") else tempfile.gettempdir())  # noqa: S108 - opened without following links, by its owner only
    _remove_stale(folder)
    return folder / f"{_PREFIX}-{os.getuid()}-{os.getppid()}"


def _remove_stale(folder: Path) -> None:
    """Remove the files of servers that are gone."""
    for path in folder.glob(f"{_PREFIX}-{os.getuid()}-*"):
        owner = path.name.rpartition("-")[2]
        try:
            if owner.isdigit():
                os.kill(int(owner), 0)
        except ProcessLookupError:
            path.unlink(missing_ok=True)
        except OSError:
            continue


def _open_file(path: Path, size: int) -> int:
    """Open or make the file of buckets; whoever comes first writes its header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(file).st_uid != os.getuid():
            raise PermissionError(f"{path} belongs to somebody else")
        fcntl.lockf(file, fcntl.LOCK_EX, HEADER_BYTES, 0)
        if os.fstat(file).st_size != size or os.pread(file, len(_MAGIC), 0) != _MAGIC:
            os.ftruncate(file, 0)
            os.ftruncate(file, size)
            os.pwrite(file, _MAGIC + os.urandom(16), 0)
        fcntl.lockf(file, fcntl.LOCK_UN, HEADER_BYTES, 0)
    except BaseException:
        os.close(file)
        raise
    return file
