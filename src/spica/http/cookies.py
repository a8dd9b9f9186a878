"""Cookies: building Set-Cookie, and the jar a handler uses (`ctx.cookies`).

Rules:
- The Cookie field is read by the core (`core/python/src/cookies.rs`), leniently: an odd pair is skipped.
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
from datetime import timedelta
from functools import lru_cache
from typing import Literal, Protocol, TypedDict, Unpack
from urllib.parse import quote

from spica.http.dates import format_date
from spica.http.errors import CookieTooLarge, InvalidCookie, SecretMissing
from spica.http.fields import is_token
from spica.http.lateness import tell_late

MAX_COOKIES = 180
MAX_COOKIE_BYTES = 4_096
PERMANENT_S = 400 * 86_400
# Browsers compare them without case.
_PREFIXES = ("__secure-", "__host-")

SameSite = Literal["Lax", "Strict", "None"]
Seal = Callable[[str, str, int | None], str]
Unseal = Callable[[str, str], str | None]

# cookie-octet of RFC 6265 without "%", which is our escape, as characters that quote() may leave alone.
_VALUE_SAFE = "!#$&'()*+-./:<=>?@[]^_`{|}~"
_PLAIN_VALUE = re.compile(r"[\w.-]*", re.ASCII).fullmatch
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
             closes, 0 deletes; secure: over https only; http_only: hidden from scripts; same_site: Lax, Strict or None;
             partitioned: one for each site that embeds this one (CHIPS).
    """

    path: str = "/"
    domain: str | None = None
    max_age: int | None = None
    secure: bool = True
    http_only: bool = True
    same_site: SameSite = "Lax"
    partitioned: bool = False


class CookieAttributes(TypedDict, total=False):
    """What a cookie may be set with: the attributes of CookieOptions; `max_age` may be a timedelta.

    `secure` None follows the request: True over https. `permanent`: kept for the 400 days that browsers allow.
    """

    path: str
    domain: str | None
    max_age: int | timedelta | None
    secure: bool | None
    http_only: bool
    same_site: SameSite
    partitioned: bool
    permanent: bool


class CookiePlace(TypedDict, total=False):
    """What tells a cookie from others of its name; to be deleted it must be as it was set with."""

    path: str
    domain: str | None
    partitioned: bool


def build_options(attributes: CookieAttributes, *, secure: bool) -> CookieOptions:
    """Fill in what a cookie was not given: `secure` follows the request.

    Raises:  InvalidCookie for an attribute that cookies don't have, an age that is no time, or two ages.
    """
    for name in attributes:
        if name not in CookieAttributes.__annotations__:
            raise InvalidCookie(
                f"a cookie has no attribute {name!r}", fix=f"it may be {', '.join(CookieAttributes.__annotations__)}"
            )
    max_age = attributes.get("max_age")
    if attributes.get("permanent", False):
        if max_age is not None:
            raise InvalidCookie("a cookie has max_age= and permanent=True at once", fix="keep one of them")
        max_age = PERMANENT_S
    given_secure = attributes.get("secure")
    return CookieOptions(
        path=attributes.get("path", "/"),
        domain=attributes.get("domain"),
        max_age=_age_of(max_age),
        secure=secure if given_secure is None else given_secure,
        http_only=attributes.get("http_only", True),
        same_site=attributes.get("same_site", "Lax"),
        partitioned=attributes.get("partitioned", False),
    )


def build_delete_options(name: str, place: CookiePlace, *, secure: bool) -> CookieOptions:
    """The attributes that delete a cookie: its place, and Secure where browsers insist on it."""
    partitioned = place.get("partitioned", False)
    return CookieOptions(
        path=place.get("path", "/"),
        domain=place.get("domain"),
        secure=secure or partitioned or name.lower().startswith(_PREFIXES),
        partitioned=partitioned,
    )


def build_set_cookie(name: str, value: str, options: CookieOptions) -> str:
    """Build the value of a Set-Cookie field.

    Args:    name: a token; value: any text, percent-encoded where needed; options: the attributes.
    Raises:  InvalidCookie when the name or an attribute can't be sent or the attributes contradict each other;
             CookieTooLarge when name and value exceed 4,096 bytes.
    Source:  RFC 6265 section 4.1.1; prefixes and SameSite from rfc6265bis.
    """
    encoded = value if _PLAIN_VALUE(value) else quote(value, safe=_VALUE_SAFE)
    _check_size(name, encoded)
    place, rest = _build_attributes(name, options)
    age = ""
    if options.max_age is not None:
        # For clients that know only Expires; a time long past, not "now", because clocks differ.
        expires = format_date(time.time() + options.max_age if options.max_age > 0 else 0)
        age = f"; Max-Age={options.max_age}; Expires={expires}"
    return f"{name}={encoded}{place}{age}{rest}"


@lru_cache(maxsize=256)
def _build_attributes(name: str, options: CookieOptions) -> tuple[str, str]:
    """What stands in front of the age, and after it; an application sets the same few cookies. Raises InvalidCookie."""
    _check_options(name, options)
    place = f"; Path={options.path}"
    if options.domain is not None:
        place += f"; Domain={options.domain}"
    rest = "; Secure" if options.secure else ""
    if options.http_only:
        rest += "; HttpOnly"
    rest += f"; SameSite={options.same_site}"
    if options.partitioned:
        rest += "; Partitioned"
    return place, rest


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

    def set(self, name: str, value: str, **attributes: Unpack[CookieAttributes]) -> None:
        """Set a cookie with attributes other than the default ones.

        Args:    attributes: path, domain, max_age, secure, http_only, same_site, partitioned, permanent; see
                 CookieAttributes.
        Raises:  InvalidCookie, CookieTooLarge as build_set_cookie.
        """
        self._write(name, value, build_options(attributes, secure=self._options.secure))

    def delete(self, name: str, **place: Unpack[CookiePlace]) -> None:
        """Make the browser forget a cookie; path, domain and partitioned must be those it was set with."""
        options = build_delete_options(name, place, secure=self._options.secure)
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
    """A view of the jar that seals what it sets and returns only what still verifies.

    A value is bound to its cookie's name, and to a purpose where one is given: what was sealed for one can't be used
    for another.
    """

    __slots__ = ("_jar", "_seal", "_unseal")

    def __init__(self, jar: Cookies, seal: Seal, unseal: Unseal) -> None:
        self._jar = jar
        self._seal = seal
        self._unseal = unseal

    def get(self, name: str, default: str | None = None, *, purpose: str = "") -> str | None:
        """Return the value; default when the cookie is absent, was changed, is too old or is for something else."""
        sealed = self._jar.get(name)
        value = None if sealed is None else self._unseal(_bind(name, purpose), sealed)
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

    def set(self, name: str, value: str, *, purpose: str = "", **attributes: Unpack[CookieAttributes]) -> None:
        """Seal and set a value; max_age also bounds how long a copy of it stays valid, whatever the browser keeps.

        Args:    purpose: what it is for; `get` must name the same; attributes: as `Cookies.set`.
        """
        max_age = PERMANENT_S if attributes.get("permanent") else _age_of(attributes.get("max_age"))
        self._jar.set(name, self._seal(_bind(name, purpose), value, max_age), **attributes)

    def delete(self, name: str, **place: Unpack[CookiePlace]) -> None:
        """Make the browser forget a cookie; see `Cookies.delete`."""
        self._jar.delete(name, **place)


def _bind(name: str, purpose: str) -> str:
    """What a value is sealed for; a name has no space, so nothing else is written like it."""
    return f"{name} {purpose}" if purpose else name


def _age_of(max_age: object) -> int | None:
    if max_age is None:
        return None
    if isinstance(max_age, timedelta):
        return int(max_age.total_seconds())
    if isinstance(max_age, bool) or not isinstance(max_age, int):
        raise InvalidCookie(
            f"a cookie has max_age={max_age!r}", why="browsers take whole seconds", fix="pass an int, or a timedelta"
        )
    return max_age


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
        if options.partitioned:
            reason = "browsers drop a Partitioned cookie that is not Secure"
        elif options.same_site == "None":
            reason = "browsers drop a SameSite=None cookie that is not Secure"
        elif name.lower().startswith(_PREFIXES):
            reason = "browsers drop a cookie with this prefix that is not Secure"
        if reason:
            raise InvalidCookie(f"the cookie {name!r} must be secure", why=reason, fix="pass secure=True")
    if name.lower().startswith("__host-") and (options.path != "/" or options.domain is not None):
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
