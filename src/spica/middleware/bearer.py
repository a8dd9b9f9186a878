"""Bearer: requests carry a token, and a function of yours says whose it is.

    p.use(m.Bearer(verify_token))        # Authorization: Bearer abc

Source: RFC 6750 (sections 2.1 and 3).
"""

from __future__ import annotations

import re

from spica.errors.http import HttpError
from spica.http.context import Context
from spica.middleware.credentials import Authentication, Check, SecurityScheme, check_realm, read_scheme

_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*").fullmatch


class Bearer(Authentication):
    """Takes the token of the field Authorization.

    Args:    verify: called with the token, returns the user or None; plain or async. Compare secrets with
             `spica.crypto.equal`, or look up a digest. optional: whether requests without a token pass;
             realm: what the token is for.
    Raises:  InvalidMiddleware.
    """

    def __init__(self, verify: Check, *, optional: bool = False, realm: str = "api") -> None:
        super().__init__(verify, challenge=f'Bearer realm="{check_realm(realm)}"', optional=optional)

    def openapi_security(self) -> SecurityScheme:
        """Describe the scheme for API documents."""
        return SecurityScheme("bearer", {"type": "http", "scheme": "bearer"}, is_optional=self._optional)

    def read(self, ctx: Context) -> tuple[str] | None:
        """Return the token."""
        token = read_scheme(ctx, "bearer")
        if token is None:
            return None
        if _TOKEN(token) is None:
            raise self.refuse("this is not a bearer token")
        return (token,)

    def refuse(self, detail: str = "", *, is_wrong: bool = True) -> HttpError:
        """Make a 401; the challenge says `invalid_token` when there was one."""
        error = super().refuse(detail, is_wrong=is_wrong)
        if is_wrong:
            error.fields = (("www-authenticate", f'{self._challenge}, error="invalid_token"'),)
        return error
