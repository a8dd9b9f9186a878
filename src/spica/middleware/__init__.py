"""Middleware: what requests pass through before and after their handler. Each is loaded when it is first named.

from spica import middleware as m

def draw(p: m.Pipelines) -> None:
    p.use(m.RequestId, m.SecurityHeaders)
    with p.pipeline("browser"):
        p.use(m.Session, m.Csrf)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spica.middleware.compression import Compression
    from spica.middleware.content_security_policy import ContentSecurityPolicy
    from spica.middleware.csrf import Csrf
    from spica.middleware.declare import Pipelines
    from spica.middleware.hosts import Hosts
    from spica.middleware.pipeline import Middleware
    from spica.middleware.request_id import RequestId
    from spica.middleware.security_headers import SecurityHeaders
    from spica.middleware.sessions import Session

_HOMES = {
    "Compression": "compression",
    "ContentSecurityPolicy": "content_security_policy",
    "Csrf": "csrf",
    "Hosts": "hosts",
    "Middleware": "pipeline",
    "Pipelines": "declare",
    "RequestId": "request_id",
    "SecurityHeaders": "security_headers",
    "Session": "sessions",
}

__all__ = [
    "Compression",
    "ContentSecurityPolicy",
    "Csrf",
    "Hosts",
    "Middleware",
    "Pipelines",
    "RequestId",
    "SecurityHeaders",
    "Session",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'spica.middleware' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"spica.middleware.{home}"), name)
    globals()[name] = value
    return value
