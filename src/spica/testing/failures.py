"""Why an expectation failed: the exceptions that the application logged while it answered, and the failure's text."""

from __future__ import annotations

import logging
from email.message import Message
from typing import Self

SHOWN_CHARACTERS = 1_000
_HIDDEN_HEADERS = frozenset({"set-cookie", "authorization", "cookie", "x-csrf-token"})
_LOGGER = "spica"


class LoggedFailures(logging.Handler):
    """The exceptions that reach the application's log while a block runs.

    Args:    path: of the request; with several at a time, an exception of a line that names it is preferred.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path.partition("?")[0]
        self._all: list[BaseException] = []
        self._own: list[BaseException] = []

    def __enter__(self) -> Self:
        logging.getLogger(_LOGGER).addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger(_LOGGER).removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the exception of a record."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self._all.append(error)
            if self._path in record.getMessage().split():
                self._own.append(error)

    @property
    def last(self) -> BaseException | None:
        """The last exception, None when there was none."""
        found = self._own or self._all
        return found[-1] if found else None


def describe_exchange(request_line: str, sent: dict[str, str], status: int, headers: Message, content: bytes) -> str:
    """Write request and response down, without what is secret, and as much of the content as can be looked over."""
    lines = [f"  > {request_line}", *(f"  > {name}: {_shown(name, value)}" for name, value in sent.items())]
    lines += [f"  < {status}", *(f"  < {name}: {_shown(name, value)}" for name, value in headers.items())]
    text = content[: 4 * SHOWN_CHARACTERS].decode("utf-8", "replace")
    shown = text[:SHOWN_CHARACTERS]
    if len(shown) < len(text) or len(content) > 4 * SHOWN_CHARACTERS:
        shown += f"\n… {len(content)} octets in all"
    return "\n".join(lines) + (f"\n\n{shown}" if shown else "")


def _shown(name: str, value: str) -> str:
    if name.lower() not in _HIDDEN_HEADERS:
        return value
    first = value.partition("=")[0] if name.lower() == "set-cookie" else ""
    return f"{first}=…" if first else "…"
