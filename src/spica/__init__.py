"""Spica: a full-stack web framework. The names that users start with, loaded when they are first used."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spica.app.application import App
    from spica.channels.channel import Channel
    from spica.channels.handlers import on, on_broadcast, on_info
    from spica.channels.socket import Socket
    from spica.controllers.controller import Controller
    from spica.controllers.filters import after, around, before, rescue_from, skip_before
    from spica.controllers.markers import Body, Cookie, CurrentUser, File, Form, Header, Path, Query
    from spica.controllers.submitted import Submitted
    from spica.errors.base import SpicaError
    from spica.errors.http import (
        BadRequest,
        Conflict,
        ContentTooLarge,
        Forbidden,
        HttpError,
        NotFound,
        TooManyRequests,
        Unauthorized,
        UnprocessableContent,
    )
    from spica.http.broadcast import broadcast
    from spica.http.context import Context
    from spica.http.events import Event
    from spica.http.request import Request
    from spica.http.response import Response
    from spica.http.streaming import ContentStream
    from spica.http.uploads import UploadFile
    from spica.http.websocket import SocketClosed, WebSocket
    from spica.injection.providers import Provide
    from spica.middleware.pipeline import Middleware
    from spica.middleware.session_data import Session
    from spica.routing.router import Router
    from spica.routing.urls import paths, urls
    from spica.security.passwords import passwords
    from spica.security.signed_tokens import tokens
    from spica.templates.engine import Templates

__version__ = "0.1.0"

# Name to the module that defines it. Importing `spica` costs no more than this table.
_HOMES = {
    "App": "spica.app.application",
    "BadRequest": "spica.errors.http",
    "Body": "spica.controllers.markers",
    "Channel": "spica.channels.channel",
    "Conflict": "spica.errors.http",
    "ContentStream": "spica.http.streaming",
    "ContentTooLarge": "spica.errors.http",
    "Context": "spica.http.context",
    "Controller": "spica.controllers.controller",
    "Cookie": "spica.controllers.markers",
    "CurrentUser": "spica.controllers.markers",
    "Event": "spica.http.events",
    "File": "spica.controllers.markers",
    "Forbidden": "spica.errors.http",
    "Form": "spica.controllers.markers",
    "Header": "spica.controllers.markers",
    "HttpError": "spica.errors.http",
    "Middleware": "spica.middleware.pipeline",
    "NotFound": "spica.errors.http",
    "Path": "spica.controllers.markers",
    "Provide": "spica.injection.providers",
    "Query": "spica.controllers.markers",
    "Request": "spica.http.request",
    "Response": "spica.http.response",
    "Router": "spica.routing.router",
    "Session": "spica.middleware.session_data",
    "Socket": "spica.channels.socket",
    "SocketClosed": "spica.http.websocket",
    "SpicaError": "spica.errors.base",
    "Submitted": "spica.controllers.submitted",
    "Templates": "spica.templates.engine",
    "TooManyRequests": "spica.errors.http",
    "Unauthorized": "spica.errors.http",
    "UnprocessableContent": "spica.errors.http",
    "UploadFile": "spica.http.uploads",
    "WebSocket": "spica.http.websocket",
    "after": "spica.controllers.filters",
    "around": "spica.controllers.filters",
    "before": "spica.controllers.filters",
    "broadcast": "spica.http.broadcast",
    "on": "spica.channels.handlers",
    "on_broadcast": "spica.channels.handlers",
    "on_info": "spica.channels.handlers",
    "passwords": "spica.security.passwords",
    "paths": "spica.routing.urls",
    "rescue_from": "spica.controllers.filters",
    "skip_before": "spica.controllers.filters",
    "tokens": "spica.security.signed_tokens",
    "urls": "spica.routing.urls",
}

__all__ = [
    "App",
    "BadRequest",
    "Body",
    "Channel",
    "Conflict",
    "ContentStream",
    "ContentTooLarge",
    "Context",
    "Controller",
    "Cookie",
    "CurrentUser",
    "Event",
    "File",
    "Forbidden",
    "Form",
    "Header",
    "HttpError",
    "Middleware",
    "NotFound",
    "Path",
    "Provide",
    "Query",
    "Request",
    "Response",
    "Router",
    "Session",
    "Socket",
    "SocketClosed",
    "SpicaError",
    "Submitted",
    "Templates",
    "TooManyRequests",
    "Unauthorized",
    "UnprocessableContent",
    "UploadFile",
    "WebSocket",
    "__version__",
    "after",
    "around",
    "before",
    "broadcast",
    "on",
    "on_broadcast",
    "on_info",
    "passwords",
    "paths",
    "rescue_from",
    "skip_before",
    "tokens",
    "urls",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        from spica.errors.foreign_names import OF_THE_PACKAGE  # only where a name is missing

        if name in OF_THE_PACKAGE:
            # `from spica import` asks from here, and would put a text of its own in place of an AttributeError's.
            # To hasattr(), getattr() and `spica.name` anything else than an AttributeError would be a surprise.
            is_import = sys._getframe(1).f_code.co_name == "_handle_fromlist"
            kind = ImportError if is_import else AttributeError
            raise kind(f"there is no {name!r} in spica; {OF_THE_PACKAGE[name]}", name="spica" if is_import else name)
        raise AttributeError(f"module 'spica' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
