"""The options of a SQLite URL, with their defaults and units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from spica.db.errors import DatabaseUrlError
from spica.errors import closest

SYNCHRONOUS = ("off", "normal", "full")


@dataclass(frozen=True, slots=True)
class SqliteOptions:
    """How a SQLite database is used.

    busy_timeout_ms: how long a write waits for another process's lock, default 5000.
    inline_read_ms:  how long a read may keep the event loop, default 20; what takes longer is run again in a thread.
    reader_threads:  how many long reads run at the same time, default 2.
    synchronous:     off, normal or full; default full: a commit is on the disk before it is reported.
    """

    busy_timeout_ms: int = 5_000
    inline_read_ms: int = 20
    reader_threads: int = 2
    synchronous: str = "full"


def build_options(given: Mapping[str, str]) -> SqliteOptions:
    """Read the options of a URL.

    Args:    given: names and texts after the "?".
    Returns: the options, defaults for what is absent.
    Raises:  DatabaseUrlError for an unknown name (with near matches) or a value out of range.
    """
    known = {field.name for field in fields(SqliteOptions)}
    values: dict[str, int | str] = {}
    for name, text in given.items():
        if name not in known:
            near = closest(name, known)
            raise DatabaseUrlError(
                f"SQLite has no option {name!r}",
                fix=f"did you mean {near[0]!r}?" if near else f"the options are {', '.join(sorted(known))}",
            )
        values[name] = _checked_mode(text) if name == "synchronous" else _checked_number(name, text)
    return SqliteOptions(**values)  # type: ignore[arg-type]  # the names were checked against the fields just above


def _checked_mode(text: str) -> str:
    if text not in SYNCHRONOUS:
        raise DatabaseUrlError(f"synchronous={text} has no meaning", fix=f"one of {', '.join(SYNCHRONOUS)}")
    return text


def _checked_number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 3_600_000):
        raise DatabaseUrlError(f"{name}={text} is not a whole number from 1 to 3600000")
    return int(text)
