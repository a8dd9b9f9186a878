"""Jwt: requests carry a signed token, which is checked here without asking anybody.

    p.use(m.Jwt(key=PUBLIC_KEY, algorithms=["RS256"], issuer="https://id.example.com", audience="api"))

Rules:
- The algorithms are yours to say and never the token's; one key is for one family, so a public key can't be taken for a
  shared secret. "none" is none.
- A token ends: `exp` must be there unless `require` says otherwise. Issuer and audience must be those that are named.
- Keys of an address (`jwks_url`) are fetched when they are first needed, kept for an hour, and once a minute at most
  asked for again when a token names a key that is not among them. While they can't be had, the old ones count.
Source: RFC 7519 (JWT), RFC 8725 (best practices), RFC 6750 (bearer tokens). The library, an extra, is joserfc.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spica.config.settings import Settings
from spica.errors.base import closest
from spica.errors.http import Forbidden
from spica.http.context import Context
from spica.middleware.bearer import Bearer
from spica.middleware.credentials import SecurityScheme
from spica.middleware.errors import InvalidMiddleware, MissingLibrary
from spica.middleware.jwks import Jwks

ALGORITHMS = {
    **{f"HS{bits}": "oct" for bits in (256, 384, 512)},
    **{f"{family}{bits}": "RSA" for family in ("RS", "PS") for bits in (256, 384, 512)},
    **{f"ES{bits}": "EC" for bits in (256, 384, 512)},
    "Ed25519": "OKP",
    "EdDSA": "OKP",
}
"""What may be named, and the type of its key."""
MIN_SECRET_BYTES = 32
_log = logging.getLogger("spica.middleware")


@dataclass(frozen=True, slots=True)
class JwtClaims:
    """What a token must say.

    Args:    issuer, audience: of the claims `iss` and `aud`, None for any; scopes: that `scope` must name, else 403;
             require: claims that must be there; leeway_s: by how much clocks may differ.
    """

    issuer: str | None = None
    audience: str | None = None
    scopes: Sequence[str] = ()
    require: Sequence[str] = ("exp",)
    leeway_s: int = 30


class Jwt(Bearer):
    """Takes the JWT of the field Authorization. Its claims, a dict, become `ctx.current_user`.

    Args:    key: a secret of 32 bytes or more for HS256, a PEM public key or a JWK (dict) for others, a JWK set (dict);
             algorithms: such as ["RS256"]; jwks_url: where the keys are published, instead of `key`; user: turns claims
             into the user, None refuses, plain or async; options: `optional`, `realm`, and those of `JwtClaims`.
    Raises:  InvalidMiddleware for a key that doesn't fit the algorithms; MissingLibrary without joserfc.
    """

    def __init__(
        self,
        key: str | bytes | Mapping[str, Any] | None = None,
        *,
        algorithms: Sequence[str],
        jwks_url: str | None = None,
        user: Callable[[dict[str, Any]], Any] | None = None,
        optional: bool = False,
        realm: str = "api",
        **claims: Any,
    ) -> None:
        self._algorithms = list(algorithms)
        self._kind = _kind_of(algorithms)
        self._user = user
        self._claims = _build_claims(claims)
        if (key is None) == (jwks_url is None):
            raise InvalidMiddleware("Jwt takes either a key or a jwks_url", fix='m.Jwt(key=..., algorithms=["RS256"])')
        _check_library()
        self._key = None if key is None else _import_key(key, self._kind)
        self._jwks = None if jwks_url is None else Jwks(jwks_url)
        self.refuses = (401, *((403,) if self._claims.scopes else ()), *((503,) if jwks_url else ()))
        waits = self._jwks is not None or inspect.iscoroutinefunction(user)
        super().__init__(self._verify_waiting if waits else self._verify, optional=optional, realm=realm)

    def bind(self, settings: Settings) -> None:
        """Load the library now rather than with the first request."""
        import joserfc.jwt  # noqa: F401 - an extra, and heavy

    def openapi_security(self) -> SecurityScheme:
        """Describe the scheme for API documents, with the scopes that it wants."""
        definition = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        return SecurityScheme("jwt", definition, tuple(self._claims.scopes), self._optional)

    def _verify(self, token: str) -> Any:
        claims = self._decode(token, self._key)
        return claims if self._user is None or claims is None else self._user(claims)

    async def _verify_waiting(self, token: str) -> Any:
        if self._jwks is None:
            claims = self._decode(token, self._key)
        else:
            keys = await self._jwks.find(token)
            claims = None if keys is None else self._decode(token, keys)
        if self._user is None or claims is None:
            return claims
        found = self._user(claims)
        return await found if inspect.isawaitable(found) else found

    def _decode(self, token: str, key: Any) -> dict[str, Any] | None:
        """The claims of a token that is right in every respect; None otherwise. Raises Forbidden without a scope."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        wanted = self._claims
        requests: dict[str, Any] = {name: {"essential": True} for name in wanted.require}
        for name, value in (("iss", wanted.issuer), ("aud", wanted.audience)):
            if value is not None:
                requests[name] = {"essential": True, "value": value}
        try:
            claims = jwt.decode(token, key, algorithms=self._algorithms).claims
            jwt.JWTClaimsRegistry(leeway=wanted.leeway_s, **requests).validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            _log.info("a JWT is refused: %s", type(error).__name__)
            return None
        self._check_scopes(claims)
        return claims

    def _check_scopes(self, claims: dict[str, Any]) -> None:
        granted = claims.get("scope")
        granted = granted.split() if isinstance(granted, str) else granted if isinstance(granted, list) else []
        missing = [scope for scope in self._claims.scopes if scope not in granted]
        if missing:
            needed = " ".join(self._claims.scopes)
            challenge = f'{self._challenge}, error="insufficient_scope", scope="{needed}"'
            raise Forbidden("the token doesn't allow this", fields=[("www-authenticate", challenge)])


def current_claims(ctx: Context) -> dict[str, Any]:
    """The claims of the request's token; {} where `ctx.current_user` is something else."""
    return ctx.current_user if isinstance(ctx.current_user, dict) else {}


def _build_claims(options: Mapping[str, Any]) -> JwtClaims:
    names = set(JwtClaims.__dataclass_fields__)
    for name in options:
        if name not in names:
            near = closest(name, names)
            raise InvalidMiddleware(
                f"Jwt has no option {name}", fix=f"did you mean {near[0]}?" if near else f"there are {sorted(names)}"
            )
    return JwtClaims(**options)


def _kind_of(algorithms: Sequence[str]) -> str:
    """The type of key that the algorithms need. Raises InvalidMiddleware for none, unknown ones, several families."""
    for name in algorithms:
        if name not in ALGORITHMS:
            near = closest(name, ALGORITHMS)
            raise InvalidMiddleware(
                f"{name!r} is not an algorithm that signs",
                why="a token without a signature can be made by anybody" if name.lower() == "none" else "",
                fix=f"did you mean {near[0]}?" if near else f"there are {', '.join(ALGORITHMS)}",
            )
    kinds = {ALGORITHMS[name] for name in algorithms}
    if isinstance(algorithms, str) or len(kinds) != 1:
        raise InvalidMiddleware(
            f"Jwt is given the algorithms {algorithms!r}",
            why="one key is of one family: mixed, a public key could be used as if it were a shared secret",
            fix='algorithms=["RS256"]',
        )
    return kinds.pop()


def _import_key(key: str | bytes | Mapping[str, Any], kind: str) -> Any:
    from joserfc import jwk

    octets = key.encode() if isinstance(key, str) else key
    if isinstance(octets, bytes) and kind == "oct" and (len(octets) < MIN_SECRET_BYTES or b"-----BEGIN" in octets):
        raise InvalidMiddleware(
            f"the secret of Jwt has {len(octets)} bytes"
            if b"-----BEGIN" not in octets
            else "Jwt has a PEM as its secret",
            why=f"a shared secret is {MIN_SECRET_BYTES} random bytes or more, and nothing that is public",
            fix='pass such a secret, or name the algorithm of the key: algorithms=["RS256"]',
        )
    try:
        if isinstance(octets, bytes):
            return jwk.import_key(octets, kind)  # type: ignore[call-overload]  # one of the four by the table above
        if "keys" in octets:
            several = jwk.KeySet.import_key_set(octets)  # type: ignore[arg-type]  # as the standard has it
        else:
            imported = jwk.import_key(dict(octets))
    except Exception as error:
        raise InvalidMiddleware(
            f"the key of Jwt can't be read: {error}", fix="pass a PEM, or a JWK as a dict"
        ) from error
    if "keys" in octets:
        fitting = [one for one in several.keys if one.key_type == kind]
        for one in fitting or several.keys:
            _check_imported(one, kind)
        return several
    _check_imported(imported, kind)
    return imported


def _check_imported(key: Any, kind: str) -> None:
    if key.key_type != kind:
        raise InvalidMiddleware(f"the key of Jwt is of the type {key.key_type}, not {kind}", fix="see algorithms=")
    if kind == "oct" and len(key.raw_value) < MIN_SECRET_BYTES:
        raise InvalidMiddleware(
            f"the secret of Jwt has {len(key.raw_value)} bytes",
            why=f"a shared secret is {MIN_SECRET_BYTES} random bytes or more: a shorter one can be found by trying",
            fix="pass such a secret as `k` of the JWK",
        )


def _check_library() -> None:
    import importlib.util

    if importlib.util.find_spec("joserfc") is None:
        raise MissingLibrary("Jwt needs the package joserfc", fix='pip install "spica[jwt]"')
