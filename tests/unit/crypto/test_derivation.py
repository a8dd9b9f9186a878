"""spica.crypto: keys from keys and passphrases, hashes, random values, comparison."""

from __future__ import annotations

import pytest

from spica import crypto

CHEAP = crypto.PassphraseCost(memory_kib=32, rounds=3, lanes=4)


def test_hkdf_of_rfc_5869_case_1() -> None:
    derived = crypto.hkdf(b"\x0b" * 22, salt=bytes(range(13)), purpose=bytes.fromhex("f0f1f2f3f4f5f6f7f8f9"), length=42)
    assert derived.hex() == ("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")


def test_hkdf_takes_no_weak_secret() -> None:
    with pytest.raises(crypto.InvalidKey, match="16 octets or more, not 8"):
        crypto.hkdf(b"password", purpose=b"x")


def test_argon2id_gives_what_its_reference_does() -> None:
    # `echo -n password | argon2 somesaltsomesalt -id -t 3 -k 32 -p 4 -l 32 -r` cannot run here; the parts that can vary
    # are checked against each other instead.
    derived = crypto.key_from_passphrase("password", b"somesaltsomesalt", cost=CHEAP)
    assert derived == crypto.key_from_passphrase("password", b"somesaltsomesalt", cost=CHEAP)
    others = [
        crypto.key_from_passphrase("passwore", b"somesaltsomesalt", cost=CHEAP),
        crypto.key_from_passphrase("password", b"somesaltsomesalu", cost=CHEAP),
        crypto.key_from_passphrase("password", b"somesaltsomesalt", cost=CHEAP._replace(rounds=2)),
    ]
    assert len({derived, *others}) == 4
    assert len(crypto.key_from_passphrase("p", b"somesaltsomesalt", cost=CHEAP, length=64)) == 64


def test_an_empty_passphrase_and_a_short_salt_are_refused() -> None:
    with pytest.raises(crypto.InvalidKey, match="empty"):
        crypto.key_from_passphrase("", b"somesaltsomesalt", cost=CHEAP)
    with pytest.raises(crypto.InvalidKey, match="16 octets or more, not 4"):
        crypto.key_from_passphrase("p", b"salt", cost=CHEAP)


@pytest.mark.parametrize("cost", [(7, 1, 1), (2**30, 1, 1), (64, 0, 1), (64, 101, 1), (64, 1, 65), (64, 1, 0)])
def test_costs_that_mean_nothing_or_take_the_machine_down(cost: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="Argon2 takes"):
        crypto.key_from_passphrase("p", b"somesaltsomesalt", cost=crypto.PassphraseCost(*cost))


def test_hashes() -> None:
    assert crypto.sha256(b"abc").hex().startswith("ba7816bf8f01cfea414140de5dae2223b00361a3")
    assert crypto.sha512(b"abc").hex().startswith("ddaf35a193617abacc417349ae204131")
    assert crypto.blake2b(b"abc", length=64).hex().startswith("ba80a53f981c4d0d6a2797b69f12f6e9")


def test_hmac_of_rfc_4231_case_1() -> None:
    mac = crypto.hmac_sha256(b"\x0b" * 20, b"Hi There")
    assert mac.hex() == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    assert crypto.hmac_sha512(b"\x0b" * 20, b"Hi There").hex().startswith("87aa7cdea5ef619d4ff0b4241a1d6cb0")
    assert crypto.verify_hmac_sha256(b"\x0b" * 20, b"Hi There", mac)
    assert not crypto.verify_hmac_sha256(b"\x0b" * 20, b"Hi there", mac)
    assert not crypto.verify_hmac_sha256(b"\x0b" * 20, b"Hi There", mac[:16])
    with pytest.raises(ValueError, match="16 octets or more"):
        crypto.hmac_sha256(b"", b"data")


def test_random_values() -> None:
    assert (len(crypto.token_bytes()), len(crypto.token_hex(16)), len(crypto.token_urlsafe())) == (32, 32, 43)
    assert crypto.token_urlsafe() != crypto.token_urlsafe()
    assert len(crypto.random_digits()) == 6
    assert crypto.random_digits(32).isdigit()
    for make in (crypto.token_bytes, crypto.token_hex, crypto.token_urlsafe):
        with pytest.raises(ValueError, match="16 to 1,024"):
            make(8)
    with pytest.raises(ValueError, match="6 to 32"):
        crypto.random_digits(4)


def test_comparison() -> None:
    assert crypto.equal("é", "é".encode())
    assert not crypto.equal("a", "")
