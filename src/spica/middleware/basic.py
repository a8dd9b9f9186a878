"""Basic: a name and a password with every request, which browsers ask their user for.

    p.use(m.Basic(check_password, realm="admin"))

Rules: the password travels with every request, so use it over https only. Names hold no colon; both are UTF-8.
Source: RFC 7617.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping

from spica.crypto.comparison import equal
from spica.http.context import Context
from spica.middleware.credentials import Authentication, Check, SecurityScheme, check_realm, read_scheme
from spica.middleware.errors import InvalidMiddleware


class Basic(Authentication):
    """Takes name and password of the field Authorization.

    Args:    verify: called with name and password, returns the user or None, plain or async; or a dict of passwords by
             name, whose user is the name; optional: whether requests without credentials pass; realm: shown by
             browsers.
    Raises:  InvalidMiddleware.
    """

    def __init__(self, verify: Check | Mapping[str, str], *, optional: bool = False, realm: str = "restricted") -> None:
        check = _check_of(verify) if isinstance(verify, Mapping) else verify
        challenge = f'Basic realm="{check_realm(realm)}", charset="UTF-8"'
        super().__init__(check, challenge=challenge, optional=optional)

    def openapi_security(self) -> SecurityScheme:
        """Describe the scheme for API documents."""
        return SecurityScheme("basic", {"type": "http", "scheme": "basic"}, is_optional=self._optional)

    def read(self, ctx: Context) -> tuple[str, str] | None:
        """Return name and password."""
        encoded = read_scheme(ctx, "basic")
        if encoded is None:
            return None
        try:
            text = b64decode(encoded, validate=True).decode()
        except (binascii.Error, ValueError):
            raise self.refuse() from None
        name, colon, password = text.partition(":")
        if not colon:
            raise self.refuse()
        return name, password


def _check_of(passwords: Mapping[str, str]) -> Check:
    """Compare with fixed passwords; a name that isn't there takes as long as one that is."""
    if not passwords or not all(passwords.values()):
        raise InvalidMiddleware("Basic is given no password", fix='m.Basic({"admin": secret})')

    def check(name: str, password: str) -> str | None:
        expected = passwords.get(name)
        matches = equal(password, expected if expected is not None else "\0")
        return name if matches and expected is not None else None

    return check
