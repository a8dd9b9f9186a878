"""spica.security.keys."""

from __future__ import annotations

import pytest

from spica.security.errors import NoSecretKey, WeakSecretKey
from spica.security.keys import KeyRing

OLD = "the old secret key 0123456789 abcdef"
NEW = "the new secret key 0123456789 abcdef"


def test_the_same_secret_gives_the_same_keys() -> None:
    assert KeyRing([OLD]).derive("session") == KeyRing([OLD]).derive("session")


def test_each_purpose_and_secret_has_its_own_key_and_kid() -> None:
    keys = [
        KeyRing([secret]).derive(purpose).current for secret in (OLD, NEW) for purpose in ("session", "cookie.signed")
    ]
    assert len({key.octets for key in keys}) == 4
    assert len({key.kid for key in keys}) == 4
    assert all(len(key.octets) == 32 and len(key.kid) == 8 for key in keys)


def test_the_first_secret_seals_and_all_open() -> None:
    keys = KeyRing([NEW, OLD]).derive("session")
    assert keys.current == KeyRing([NEW]).derive("session").current
    assert set(keys.by_kid.values()) == {KeyRing([secret]).derive("session").current for secret in (OLD, NEW)}


@pytest.mark.parametrize("secret", ["", "short", "x" * 64, "abc" * 20, "a" * 31])
def test_weak_secrets_are_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(WeakSecretKey) as caught:
        KeyRing([OLD, secret])
    assert "secrets.token_urlsafe" in str(caught.value)
    assert not secret or secret not in str(caught.value)


def test_no_secret_is_refused() -> None:
    with pytest.raises(NoSecretKey, match="no secret key"):
        KeyRing([])


def test_a_key_ring_does_not_show_its_secrets() -> None:
    assert repr(KeyRing([OLD])) == "KeyRing(1 secrets)"
