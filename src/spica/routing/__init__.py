"""Routing: routes as they are declared, the table they become, and the helpers that build paths from it."""

from spica.routing.declare import Routes
from spica.routing.router import Router
from spica.routing.urls import paths, urls

__all__ = ["Router", "Routes", "paths", "urls"]
