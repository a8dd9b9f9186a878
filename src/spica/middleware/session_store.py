"""The contract of session stores; `session_stores/` has the implementations."""

from __future__ import annotations

from typing import Protocol

from spica.config.settings import Settings
from spica.middleware.session_data import SessionData


class SessionStore(Protocol):
    """Keeps sessions between requests. What it returns from `save` is all that the visitor's cookie carries."""

    def bind(self, settings: Settings) -> None:
        """Take keys and addresses from the configuration, once, at boot."""

    def load(self, cookie: str, name: str) -> SessionData | None:
        """Return the session that a cookie stands for; None when there is none, or it was not made by us."""

    def save(self, session: SessionData, name: str, *, expires_at: int) -> str | None:
        """Store a session if it changed and return the new value of the cookie; None when nothing changed."""
