"""Injection: fills a function's arguments by name and type, from sources that the caller of this package knows.

Nothing here knows HTTP: a host (actions, later jobs, channels and commands) says where a parameter's value comes from.
"""

from spica.injection.providers import Provide

__all__ = ["Provide"]
