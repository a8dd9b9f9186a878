"""Cookies: parsing the Cookie field, building Set-Cookie, and the jar a handler uses (`ctx.cookies`).

Rules:
- Parsing is lenient: an odd pair is skipped. Of a repeated name the first wins (the longer path).
- Building is strict: what RFC 6265 doesn't allow is refused where it is set.
- Values are percent-encoded on the way out and decoded on the way in, so any text survives the trip.
- Signing and encrypting belong to `spica.security`; the jar reaches them through `CookieSealer`.
Source: RFC 6265 sections 4.1.1, 5.4 and 6.1; draft-ietf-httpbis-rfc6265bis (prefixes, SameSite).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol
from urllib.parse import quote, unquote

from spica.errors.http import BadRequest
from spica.http.dates import format_date
from spica.http.errors import CookieTooLarge, InvalidCookie, SecretMissing
from spica.http.fields import is_token
from spica.http.lateness import tell_late

MAX_COOKIES = 180
MAX_COOKIE_BYTES = 4_096

SameSite = Literal["Lax", "Strict", "None"]
Seal = Callable[[str, str, int | None], str]
Unseal = Callable[[str, str], str | None]

# cookie-octet of RFC 6265 without "%", which is our escape, as characters that quote() may leave alone.
_VALUE_SAFE = "!#$&'()*+-./:<=>?@[]^_`{|}~"
_ATTRIBUTE = re.compile(r"[\x20-\x3a\x3c-\x7e]*").fullmatch


class CookieSealer(Protocol):
    """What the jar needs to sign and encrypt; `spica.security.cookies.SecretCookies` is one.

    `max_age` is in seconds, None for as long as the browser runs; a value that doesn't verify, or is too old, is None.
    """

    def encrypt(self, name: str, value: str, max_age: int | None, /) -> str: ...
    def decrypt(self, name: str, sealed: str, /) -> str | None: ...
    def sign(self, name: str, value: str, max_age: int | None, /) -> str: ...
    def verify(self, name: str, signed: str, /) -> str | None: ...


@dataclass(frozen=True, slots=True)
class CookieOptions:
    """The attributes of a Set-Cookie field; the defaults are the safe ones.

    Args:    path, domain: where it is sent back (domain None: this host only); max_age: seconds, None until the browser
             closes, 0 deletes; secure: over https only; http_only: hidden from scripts; same_site: Lax, Strict or None.
    """

    path: str = "/"
    domain: str | None = None
    max_age: int | None = None
    secure: bool = True
    http_only: bool = True
    same_site: SameSite = "Lax"


def parse_cookies(field: str, *, max_cookies: int = MAX_COOKIES) -> list[tuple[str, str]]:
    """Split one Cookie field into name and value pairs, in order, repeats kept, values as sent.

    Args:    field: the field's text, latin-1, 0 to 65,536 characters (the limit is enforced in core/http1).
    Returns: pairs without the quotes around a value; [] when nothing parses; a piece without "=" or name is skipped.
    Raises:  BadRequest when there are more than max_cookies pieces.
    Source:  RFC 6265 section 5.4.
    """
    if field.count(";") >= max_cookies:
        raise BadRequest(f"more than {max_cookies} cookies were sent")
    pairs = []
    for piece in field.split(";"):
        name, equals, value = piece.partition("=")
        name = name.strip(" \t")
        if equals and name:
            value = value.strip(" \t")
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1]
            pairs.append((name, value))
    return pairs


def read_cookies(field: str | None) -> dict[str, str]:
    """Return the cookies of a Cookie field by name, values decoded, the first of a repeated name."""
    if not field:
        return {}
    cookies: dict[str, str] = {}
    for name, value in parse_cookies(field):
        if name not in cookies:
            cookies[name] = unquote(value) if "%" in value else value
    return cookies


def build_set_cookie(name: str, value: str, options: CookieOptions) -> str:
    """Build the value of a Set-Cookie field.

    Args:    name: a token; value: any text, percent-encoded where needed; options: the attributes.
    Raises:  InvalidCookie when the name or an attribute can't be sent or the attributes contradict each other;
             CookieTooLarge when name and value exceed 4,096 bytes.
    Source:  RFC 6265 section 4.1.1; prefixes and SameSite from rfc6265bis.
    """
    _check_options(name, options)
    encoded = quote(value, safe=_VALUE_SAFE)
    _check_size(name, encoded)
    parts = [f"{name}={encoded}", f"Path={options.path}"]
    if options.domain is not None:
        parts.append(f"Domain={options.domain}")
    if options.max_age is not None:
        parts.append(f"Max-Age={options.max_age}")
        # For clients that know only Expires; a time long past, not "now", because clocks differ.
        parts.append(f"Expires={format_date(time.time() + options.max_age if options.max_age > 0 else 0)}")
    if options.secure:
        parts.append("Secure")
    if options.http_only:
        parts.append("HttpOnly")
    parts.append(f"SameSite={options.same_site}")
    return "; ".join(parts)


def build_delete_cookie(name: str, options: CookieOptions) -> str:
    """Build the Set-Cookie value that makes a browser forget a cookie; path and domain as it was set with."""
    return build_set_cookie(name, "", replace(options, max_age=0))


class Cookies(MutableMapping[str, str]):
    """The cookies of one request and those its response will set; `ctx.cookies`.

    Reading sees what was set before in the same request. `signed` and `encrypted` are the same jar with values that the
    visitor can't change, or can't read. What was set becomes Set-Cookie fields when the response leaves.
    """

    __slots__ = ("_options", "_pending", "_received", "_sealer", "has_left")

    def __init__(self, received: Mapping[str, str], *, secure: bool = True, sealer: CookieSealer | None = None) -> None:
        self.has_left = False
        self._received = received
        self._options = CookieOptions(secure=secure)
        self._sealer = sealer
        self._pending: dict[str, tuple[str | None, str]] = {}

    def __getitem__(self, name: str) -> str:
        if name in self._pending:
            value = self._pending[name][0]
            if value is None:
                raise KeyError(name)
            return value
        return self._received[name]

    def __setitem__(self, name: str, value: str) -> None:
        self._write(name, value, self._options)

    def __delitem__(self, name: str) -> None:
        self.delete(name)

    def __iter__(self) -> Iterator[str]:
        names = {**self._received, **self._pending}
        return (name for name in names if name not in self._pending or self._pending[name][0] is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def set(
        self,
        name: str,
        value: str,
        *,
        max_age: int | None = None,
        path: str = "/",
        domain: str | None = None,
        secure: bool | None = None,
        http_only: bool = True,
        same_site: SameSite = "Lax",
    ) -> None:
        """Set a cookie with attributes other than the default ones.

        Args:    as CookieOptions; secure None follows the request: True over https.
        Raises:  InvalidCookie, CookieTooLarge as build_set_cookie.
        """
        secure = self._options.secure if secure is None else secure
        self._write(name, value, CookieOptions(path, domain, max_age, secure, http_only, same_site))

    def delete(self, name: str, *, path: str = "/", domain: str | None = None) -> None:
        """Make the browser forget a cookie; path and domain must be those it was set with."""
        options = replace(self._options, path=path, domain=domain)
        self._check_time(name)
        self._pending[name] = (None, build_delete_cookie(name, options))

    @property
    def signed(self) -> SealedCookies:
        """The jar for values that the visitor may read and not change."""
        sealer = self._require_sealer("signed")
        return SealedCookies(self, sealer.sign, sealer.verify)

    @property
    def encrypted(self) -> SealedCookies:
        """The jar for values that the visitor may neither read nor change."""
        sealer = self._require_sealer("encrypted")
        return SealedCookies(self, sealer.encrypt, sealer.decrypt)

    @property
    def changed(self) -> bool:
        """Whether the response must set or delete something."""
        return bool(self._pending)

    def set_cookie_values(self) -> list[str]:
        """Return the Set-Cookie values of what was set and deleted, one a name, in order of the first change."""
        return [line for _, line in self._pending.values()]

    def _write(self, name: str, value: str, options: CookieOptions) -> None:
        self._check_time(name)
        self._pending[name] = (value, build_set_cookie(name, value, options))

    def _check_time(self, name: str) -> None:
        if self.has_left:
            tell_late(f"the cookie {name!r}")

    def _require_sealer(self, kind: str) -> CookieSealer:
        if self._sealer is None:
            raise SecretMissing(
                f"cookies.{kind} needs a secret key and this app has none",
                fix="set [app] secret_key in config/app.toml, or App(secret_key=...) in a one-file app",
            )
        return self._sealer


class SealedCookies:
    """A view of the jar that seals what it sets and returns only what still verifies."""

    __slots__ = ("_jar", "_seal", "_unseal")

    def __init__(self, jar: Cookies, seal: Seal, unseal: Unseal) -> None:
        self._jar = jar
        self._seal = seal
        self._unseal = unseal

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the value; default when the cookie is absent, was changed by the visitor or is too old."""
        sealed = self._jar.get(name)
        value = None if sealed is None else self._unseal(name, sealed)
        return default if value is None else value

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __setitem__(self, name: str, value: str) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        self._jar.delete(name)

    def set(
        self, name: str, value: str, *, max_age: int | None = None, path: str = "/", same_site: SameSite = "Lax"
    ) -> None:
        """Seal and set a value; max_age also bounds how long a copy of it stays valid, whatever the browser keeps."""
        self._jar.set(name, self._seal(name, value, max_age), max_age=max_age, path=path, same_site=same_site)


def _check_options(name: str, options: CookieOptions) -> None:
    if not is_token(name):
        raise InvalidCookie(
            f"{name!r} is not a cookie name",
            why="names are tokens: letters, digits and -_.!#$%&'*+^`|~ (RFC 6265 section 4.1.1)",
            fix="take a fixed name and put what varies into the value",
        )
    for label, value in (("path", options.path), ("domain", options.domain or "")):
        if _ATTRIBUTE(value) is None:
            raise InvalidCookie(
                f"the {label} of the cookie {name!r} can't be sent: {value!r}",
                why="';' and control bytes would end the attribute (RFC 6265 section 4.1.1)",
                fix="percent-encode it, or use a fixed value",
            )
    if options.same_site not in ("Lax", "Strict", "None"):
        raise InvalidCookie(
            f"the cookie {name!r} has same_site={options.same_site!r}", fix='use "Lax", "Strict" or "None"'
        )
    _check_secure(name, options)


def _check_secure(name: str, options: CookieOptions) -> None:
    if options.secure is False:
        reason = ""
        if options.same_site == "None":
            reason = "browsers drop a SameSite=None cookie that is not Secure"
        elif name.startswith(("__Secure-", "__Host-")):
            reason = "browsers drop a cookie with this prefix that is not Secure"
        if reason:
            raise InvalidCookie(f"the cookie {name!r} must be secure", why=reason, fix="pass secure=True")
    if name.startswith("__Host-") and (options.path != "/" or options.domain is not None):
        raise InvalidCookie(
            f"the cookie {name!r} has a path or a domain",
            why="the prefix __Host- promises path=/ and no domain; browsers drop it otherwise",
            fix="drop path and domain, or the prefix",
        )


def _check_size(name: str, encoded: str) -> None:
    size = len(name) + len(encoded) + 1
    if size > MAX_COOKIE_BYTES:
        raise CookieTooLarge(
            f"the cookie {name!r} is {size} bytes, browsers keep {MAX_COOKIE_BYTES}",
            why="a larger cookie is dropped without a word, and what it held is lost",
            fix="keep the data in the database and its id in the cookie",
        )
