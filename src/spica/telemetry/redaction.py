"""Redaction: values that must not be shown, recognised by the name they go by.

Pages, listings and reprs all ask here.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from spica.telemetry import logs

HIDDEN = "[hidden]"
# What a page shows goes further than a log line: whole objects by their repr.
_MORE = re.compile(r"passphrase|access_?key|private_?key|session|csrf|signature|card_?number|cvv", re.IGNORECASE)
# A password in an address: postgresql://user:password@host.
_IN_URL = re.compile(r"(?<=://)([^\s/?#:@]*):([^\s/?#]+)@")
_MAX_LENGTH = 400


def is_secret(name: str) -> bool:
    """Whether a name looks like that of a secret: `password`, `api_key`, `Authorization`, `session`…"""
    return logs.is_secret(name.replace("-", "_")) or _MORE.search(name.replace("-", "_")) is not None


def mask_url(text: str) -> str:
    """Hide the password of every address in a text.

    Example:
        >>> mask_url("postgresql://blog:hunter2@db/blog")
        'postgresql://blog:[hidden]@db/blog'
    """
    return _IN_URL.sub(rf"\1:{HIDDEN}@", text) if "@" in text else text


def mask_query(target: str) -> str:
    """Hide the values in a target's query whose names look like those of secrets.

    Example:
        >>> mask_query("/reset?user=7&token=s3cret")
        '/reset?user=7&token=[hidden]'
    """
    path, mark, query = target.partition("?")
    if not mark:
        return target
    shown = []
    for pair in query.split("&"):
        name, equals, _ = pair.partition("=")
        shown.append(f"{name}={HIDDEN}" if equals and is_secret(unquote_plus(name)) else pair)
    return path + mark + "&".join(shown)


def describe(name: str, value: object) -> str:
    """Write a value for a developer: its repr, shortened; hidden when its name is that of a secret."""
    if is_secret(name):
        return HIDDEN
    try:
        text = repr(value)
    except Exception as error:
        text = f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}… ({len(text)} characters)"
