"""Middleware: what requests pass through before and after their handler.

from spica import middleware as m

def draw(p: m.Pipelines) -> None:
    p.use(m.RequestId, m.SecurityHeaders)
    with p.pipeline("browser"):
        p.use(m.Session, m.Csrf)
"""

from spica.middleware.content_security_policy import ContentSecurityPolicy
from spica.middleware.csrf import Csrf
from spica.middleware.declare import Pipelines
from spica.middleware.hosts import Hosts
from spica.middleware.pipeline import Middleware
from spica.middleware.request_id import RequestId
from spica.middleware.security_headers import SecurityHeaders
from spica.middleware.sessions import Session

__all__ = [
    "ContentSecurityPolicy",
    "Csrf",
    "Hosts",
    "Middleware",
    "Pipelines",
    "RequestId",
    "SecurityHeaders",
    "Session",
]
