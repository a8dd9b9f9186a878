"""Mistakes with secrets, tokens and passwords.

SpicaError
├── WeakSecretKey        C101
├── NoSecretKey          C102
├── TokenError
│   ├── TokenInvalid     C103
│   └── TokenExpired     C104
├── PasswordRefused      C105
└── PasswordsBusy        C106
"""

from __future__ import annotations

from typing import ClassVar

from spica.errors.base import SpicaError
from spica.errors.http import HttpError
from spica.validation import Message


class WeakSecretKey(SpicaError):
    """A secret key is shorter than 32 characters or made of a few repeated ones, so it could be guessed."""

    code = "SPICA-C101"


class NoSecretKey(SpicaError):
    """Something that signs or encrypts was set up in an app without a secret key."""

    code = "SPICA-C102"


class _ToTheClient(SpicaError, HttpError):
    """A mistake that a client is told by a status and one sentence."""

    phrase: ClassVar[str] = ""

    def __init__(self, what: str, *, where: str = "", why: str = "", fix: str = "") -> None:
        SpicaError.__init__(self, what, where=where, why=why, fix=fix)
        self.detail = what
        self.fields = ()


class TokenError(_ToTheClient):
    """A token is not taken: the base of TokenInvalid and TokenExpired."""

    status = 401
    phrase = "Unauthorized"


class TokenInvalid(TokenError):
    """A token isn't ours, was changed, is for another purpose, or was used already. Answered 401."""

    code = "SPICA-C103"


class TokenExpired(TokenError):
    """A token is older than its `max_age`. Answered 401."""

    code = "SPICA-C104"


class PasswordRefused(_ToTheClient):
    """A new password is empty, too short, too long, or among the first that are guessed. Answered 422."""

    code = "SPICA-C105"
    status = 422
    phrase = "Unprocessable Content"

    def __init__(self, reason: Message) -> None:
        """Say why, as a message about a field: "is too short: ...", with a code for translations."""
        super().__init__(f"the password {reason}")
        self.reason = reason


class PasswordsBusy(_ToTheClient):
    """More passwords wait to be hashed than `[passwords] max_waiting`. Answered 503."""

    code = "SPICA-C106"
    status = 503
    phrase = "Service Unavailable"
