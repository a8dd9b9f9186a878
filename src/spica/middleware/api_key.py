"""ApiKey: programs carry a key in a field of its own.

    p.use(m.ApiKey({"billing": secret, "search": other}))        # X-Api-Key: ...

Rules: all keys are compared, each in constant time, so an answer tells nothing of how near a guess was, nor of how many
keys there are before the right one. Keys in addresses end up in logs: there is no such option.
Source: RFC 9110 section 11.6.1 for the challenge; the scheme "ApiKey" is nobody's, but a 401 must name one.
"""

from __future__ import annotations

from collections.abc import Mapping

from spica.crypto.comparison import equal
from spica.http.context import Context
from spica.http.fields import is_token
from spica.middleware.credentials import Authentication, Check, SecurityScheme
from spica.middleware.errors import InvalidMiddleware

MIN_CHARACTERS = 16


class ApiKey(Authentication):
    """Takes a key from a request field.

    Args:    verify: keys by the name of who has each, which becomes the user; or a function of the key that returns the
             user or None, plain or async; field: where the key is; optional: whether requests without a key pass.
    Raises:  InvalidMiddleware; among others for a key shorter than 16 characters, which could be guessed.
    """

    def __init__(self, verify: Mapping[str, str] | Check, *, field: str = "x-api-key", optional: bool = False) -> None:
        if not is_token(field):
            raise InvalidMiddleware(f"ApiKey can't read the field {field!r}", fix='field="x-api-key"')
        self._field = field.lower()
        check = _check_of(verify) if isinstance(verify, Mapping) else verify
        super().__init__(check, challenge=f'ApiKey header="{self._field}"', optional=optional)

    def openapi_security(self) -> SecurityScheme:
        """Describe the scheme for API documents."""
        name = "-".join(part.capitalize() for part in self._field.split("-"))
        definition = {"type": "apiKey", "in": "header", "name": name}
        return SecurityScheme("api_key", definition, is_optional=self._optional)

    def read(self, ctx: Context) -> tuple[str] | None:
        """Return the key."""
        key = ctx.request.native.field(self._field)
        return None if key is None else (key,)


def _check_of(keys: Mapping[str, str]) -> Check:
    if not keys:
        raise InvalidMiddleware("ApiKey is given no keys", fix='m.ApiKey({"billing": secret})')
    for name, key in keys.items():
        if len(key) < MIN_CHARACTERS:
            raise InvalidMiddleware(
                f"the key of {name!r} has {len(key)} characters",
                why=f"it takes at least {MIN_CHARACTERS} random ones to resist guessing",
                fix="make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
            )

    def check(sent: str) -> str | None:
        found = None
        for name, key in keys.items():
            if equal(sent, key):
                found = name
        return found

    return check
