"""`{% cache post %}`: rendered parts, kept in this process under the versions of the values that they show.

Rules of this file:
- A key is what the values are now: a record's class and fields, text, numbers, and lists and dicts of them. A record
  that was changed has another key, so nothing is ever removed because it changed: what is not used falls out.
- What is kept is bounded in bytes; the least recently used goes first. Threads may share a cache.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import sys
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b
from threading import Lock
from typing import NamedTuple, Protocol, runtime_checkable

from spica.templates.errors import CacheKeyError

DEFAULT_MAX_BYTES = 16 << 20

_PLAIN = (
    str, int, float, bool, bytes, type(None), decimal.Decimal, datetime.date, datetime.datetime, datetime.time,
    datetime.timedelta, uuid.UUID,
)  # fmt: skip
_OVERHEAD_BYTES = 200  # of one entry: its key, its tuple, its place in the dict


@runtime_checkable
class HasCacheKey(Protocol):
    """Anything that knows its own version; models do."""

    def __cache_key__(self) -> object: ...


class _Kept(NamedTuple):
    text: str
    expires_at_s: float | None
    size_bytes: int


class BlockCache:
    """Rendered text by key, bounded in bytes.

    Args: max_bytes: of all texts together, default 16 MiB; what alone is larger is not kept.
    """

    def __init__(self, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[bytes, _Kept] = OrderedDict()
        self._lock = Lock()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> str | None:
        """The text of a key; None when there is none or its time is over."""
        with self._lock:
            kept = self._entries.get(key)
            if kept is None:
                return None
            if kept.expires_at_s is not None and time.monotonic() >= kept.expires_at_s:
                self._remove(key)
                return None
            self._entries.move_to_end(key)
            return kept.text

    def put(self, key: bytes, text: str, expires_s: float | None = None) -> None:
        """Keep a text, for at most `expires_s` seconds when that is given."""
        size = sys.getsizeof(text) + _OVERHEAD_BYTES
        with self._lock:
            if key in self._entries:
                self._remove(key)
            if size > self._max_bytes:
                return
            expires_at = None if expires_s is None else time.monotonic() + expires_s
            self._entries[key] = _Kept(text, expires_at, size)
            self.size_bytes += size
            while self.size_bytes > self._max_bytes:
                self._remove(next(iter(self._entries)))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self.size_bytes = 0

    def _remove(self, key: bytes) -> None:
        self.size_bytes -= self._entries.pop(key).size_bytes


class TemplateCache:
    """The cache as one compiled template sees it: its parts are not those of another, nor of what it was before.

    Args: cache: where texts are kept; version: changes with the files that the template is made of.
    """

    def __init__(self, cache: BlockCache, version: bytes) -> None:
        self._cache = cache
        self._version = version

    def key(self, part: int, *values: object) -> bytes:
        """The key of the template's n-th part for some values.

        Raises: CacheKeyError for a value that has no version.
        """
        described = repr((part, tuple(map(_version_of, values))))
        return blake2b(described.encode("utf-8", "surrogatepass"), digest_size=20, key=self._version).digest()

    def get(self, key: bytes) -> str | None:
        """The text that is kept; None when there is none."""
        return self._cache.get(key)

    def put(self, key: bytes, parts: list[str], expires_s: float | None = None) -> str:
        """Keep what was just rendered. Returns: its text."""
        text = "".join(parts)
        self._cache.put(key, text, expires_s)
        return text


def _version_of(value: object) -> object:
    kind = type(value)
    if kind in _PLAIN:
        return kind.__name__, value
    if isinstance(value, HasCacheKey) and not isinstance(value, type):
        return kind.__qualname__, _version_of(value.__cache_key__())
    if isinstance(value, enum.Enum):
        return kind.__qualname__, value.name
    if isinstance(value, _PLAIN):
        return kind.__qualname__, str(value)
    if isinstance(value, list | tuple):
        return [_version_of(item) for item in value]
    if isinstance(value, Mapping):
        return "mapping", [(_version_of(key), _version_of(item)) for key, item in value.items()]
    if isinstance(value, set | frozenset):
        return "set", sorted(repr(_version_of(item)) for item in value)
    raise CacheKeyError(
        f"a {kind.__name__} can't be a key of the cache",
        why="nobody can tell whether it changed: it is no record, text or number, nor a list or dict of them",
        fix="name what the part shows: {% cache post %}; or give its class __cache_key__(self), which returns that",
    )
