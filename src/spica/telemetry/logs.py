"""Application logs: structured lines, JSON for machines, aligned text for people at a terminal.

Rules:
- A line is one line: control characters are escaped in what is logged, here, and in the values beside it: in JSON by
  its renderer, in text here. Only tracebacks have lines of their own.
- Values under secret-looking names are replaced before anything is rendered (promise 43).
- structlog is imported at the first line, not when a server starts: many applications never log a line of their own.
"""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO, cast

FILTERED = "[filtered]"
SECRET_WORDS = ("password", "passwd", "secret", "token", "authorization", "cookie", "api_key", "apikey", "credential")
_OF_LINES = ("exception", "stack")

_settings: dict[str, Any] = {"format": "text", "level": logging.INFO}


def configure(*, format: Literal["text", "json"], level: str = "info") -> None:
    """Choose how lines look and from which level on they are written; for the whole process, at boot.

    Args:    format: "text" for people, "json" for machines; level: debug, info, warning, error or critical.
    Raises:  ValueError: no such level.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"log level must be debug, info, warning, error or critical, not {level!r}")
    _settings.update(format=format, level=number)
    _base_logger.cache_clear()


def get_logger(**context: object) -> Any:
    """Make a logger whose lines carry `context`; `log.info("created", post_id=7)` writes one."""
    return _base_logger().bind(**context)


def is_secret(name: str) -> bool:
    """Tell whether a value under this name must not be shown."""
    lowered = name.lower()
    return any(word in lowered for word in SECRET_WORDS)


@functools.cache
def _base_logger() -> Any:
    import structlog  # here, not above: it costs as much to import as the rest of the server

    is_json = _settings["format"] == "json"
    renderer: Any = (
        structlog.processors.JSONRenderer(default=str)
        if is_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    return structlog.wrap_logger(
        structlog.PrintLogger(cast(TextIO, _StandardError())),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if is_json else _unchanged,
            _filter_secrets,
            _keep_to_one_line,
            _unchanged if is_json else _quote_values,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_settings["level"]),
    )


class _StandardError:
    """`sys.stderr` of the moment: tests and those who redirect it replace that object, and close the old one."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def _unchanged(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return event


def _keep_to_one_line(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Escape what would end the line, or move in it, in what is said: it may be what a client sent."""
    said = event.get("event")
    if isinstance(said, str) and not said.isprintable():
        event["event"] = "".join(one if one.isprintable() else repr(one)[1:-1] for one in said)
    return event


class _Quoted:
    """A text that the renderer for people writes as it writes one with spaces: quoted, and with escapes."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return repr(self._text)


def _quote_values(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Escape the same in the values: the renderer for people quotes those with spaces, and writes others as they are.

    The lines of a traceback stay lines; what else moves the cursor in them is escaped.
    """
    for name, value in event.items():
        if not isinstance(value, str) or value.isprintable():
            continue
        if name in _OF_LINES:
            event[name] = "".join(one if one.isprintable() or one in "\n\t" else repr(one)[1:-1] for one in value)
        else:
            event[name] = _Quoted(value)
    return event


def _filter_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in event:
        if is_secret(name):
            event[name] = FILTERED
    return event
