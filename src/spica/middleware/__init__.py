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
    from spica.middleware.access_log import AccessLog
    from spica.middleware.api_key import ApiKey
    from spica.middleware.asgi import Asgi
    from spica.middleware.basic import Basic
    from spica.middleware.bearer import Bearer
    from spica.middleware.body_limit import BodyLimit
    from spica.middleware.compression import Compression
    from spica.middleware.content_security_policy import ContentSecurityPolicy, csp_nonce
    from spica.middleware.cors import Cors
    from spica.middleware.csrf import Csrf
    from spica.middleware.declare import Pipelines
    from spica.middleware.error_handler import ErrorHandler
    from spica.middleware.etag import ETag
    from spica.middleware.hosts import Hosts
    from spica.middleware.https_redirect import HttpsRedirect
    from spica.middleware.idempotency import Idempotency
    from spica.middleware.jwt import Jwt
    from spica.middleware.load_shed import LoadShed
    from spica.middleware.maintenance import Maintenance
    from spica.middleware.pipeline import Middleware
    from spica.middleware.rate_limit import RateLimit
    from spica.middleware.request_id import RequestId
    from spica.middleware.security_headers import SecurityHeaders
    from spica.middleware.sessions import Session
    from spica.middleware.timeout import Timeout

_HOMES = {
    "AccessLog": "access_log",
    "ApiKey": "api_key",
    "Asgi": "asgi",
    "Basic": "basic",
    "Bearer": "bearer",
    "BodyLimit": "body_limit",
    "Compression": "compression",
    "ContentSecurityPolicy": "content_security_policy",
    "Cors": "cors",
    "Csrf": "csrf",
    "ETag": "etag",
    "ErrorHandler": "error_handler",
    "Hosts": "hosts",
    "HttpsRedirect": "https_redirect",
    "Idempotency": "idempotency",
    "Jwt": "jwt",
    "LoadShed": "load_shed",
    "Maintenance": "maintenance",
    "Middleware": "pipeline",
    "Pipelines": "declare",
    "RateLimit": "rate_limit",
    "RequestId": "request_id",
    "SecurityHeaders": "security_headers",
    "Session": "sessions",
    "Timeout": "timeout",
    "csp_nonce": "content_security_policy",
}

__all__ = [
    "AccessLog",
    "ApiKey",
    "Asgi",
    "Basic",
    "Bearer",
    "BodyLimit",
    "Compression",
    "ContentSecurityPolicy",
    "Cors",
    "Csrf",
    "ETag",
    "ErrorHandler",
    "Hosts",
    "HttpsRedirect",
    "Idempotency",
    "Jwt",
    "LoadShed",
    "Maintenance",
    "Middleware",
    "Pipelines",
    "RateLimit",
    "RequestId",
    "SecurityHeaders",
    "Session",
    "Timeout",
    "csp_nonce",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'spica.middleware' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"spica.middleware.{home}"), name)
    globals()[name] = value
    return value
