"""spica.crypto.ciphers: known answers, and everything that must not open."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spica import crypto
from spica._core import aead_seal

KEY = bytes(range(32))
CIPHERS = pytest.mark.parametrize("cipher", ["aes-256-gcm", "chacha20-poly1305"])

# RFC 8439 section 2.8.2
SUNSCREEN = (
    b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip "
    b"for the future, sunscreen would be it."
)
SUNSCREEN_KEY = bytes(range(0x80, 0xA0))
SUNSCREEN_NONCE = bytes.fromhex("070000004041424344454647")
SUNSCREEN_CONTEXT = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
SUNSCREEN_SEALED = bytes.fromhex(
    "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
    "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
    "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
    "3ff4def08e4b7a9de576d26586cec64b6116"
    "1ae10b594f09e26a7e902ecbd0600691"
)

# "The Galois/Counter Mode of Operation" (McGrew and Viega), appendix B, test cases 13 to 16.
GCM_KEY = "feffe9928665731c6d6a8f9467308308" * 2
GCM_IV = "cafebabefacedbaddecaf888"
GCM_TEXT = (
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
)
GCM_CIPHERTEXT = (
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
)
GCM_CASES = {
    13: ("00" * 32, "00" * 12, "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
    14: (
        "00" * 32,
        "00" * 12,
        "00" * 16,
        "",
        "cea7403d4d606b6e074ec5d3baf39d18",
        "d0d1c8a799996bf0265b98b5d48ab919",
    ),
    15: (GCM_KEY, GCM_IV, GCM_TEXT, "", GCM_CIPHERTEXT, "b094dac5d93471bdec1a502270e3cc6c"),
    16: (
        GCM_KEY,
        GCM_IV,
        GCM_TEXT[:120],
        "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        GCM_CIPHERTEXT[:120],
        "76fc6ece0f4e1768cddf8853bb2d551b",
    ),
}


def test_chacha20_poly1305_of_rfc_8439() -> None:
    cipher = crypto.ChaCha20Poly1305(SUNSCREEN_KEY)
    assert cipher.encrypt_with_nonce(SUNSCREEN_NONCE, SUNSCREEN, SUNSCREEN_CONTEXT) == SUNSCREEN_SEALED
    assert cipher.decrypt_with_nonce(SUNSCREEN_NONCE, SUNSCREEN_SEALED, SUNSCREEN_CONTEXT) == SUNSCREEN
    assert cipher.open(SUNSCREEN_NONCE + SUNSCREEN_SEALED, SUNSCREEN_CONTEXT) == SUNSCREEN


@pytest.mark.parametrize("case", GCM_CASES)
def test_aes_256_gcm_of_its_specification(case: int) -> None:
    key, nonce, text, context, ciphertext, tag = map(bytes.fromhex, GCM_CASES[case])
    cipher = crypto.AesGcm(key)
    assert cipher.encrypt_with_nonce(nonce, text, context) == ciphertext + tag
    assert cipher.decrypt_with_nonce(nonce, ciphertext + tag, context) == text


@CIPHERS
@settings(deadline=None)
@given(message=st.binary(max_size=300), context=st.binary(max_size=30))
def test_what_was_sealed_opens(cipher: crypto.ciphers.Cipher, message: bytes, context: bytes) -> None:
    sealed = crypto.seal(KEY, message, context=context, cipher=cipher)
    assert len(sealed) == len(message) + 28
    assert crypto.open(KEY, sealed, context=context, cipher=cipher) == message


@CIPHERS
def test_no_bit_can_be_changed_and_no_octet_cut(cipher: crypto.ciphers.Cipher) -> None:
    sealed = crypto.seal(KEY, b"message", context=b"c", cipher=cipher)
    changed = [
        sealed[:at] + bytes([sealed[at] ^ bit]) + sealed[at + 1 :] for at in range(len(sealed)) for bit in (1, 128)
    ]
    for wrong in [*changed, *(sealed[:end] for end in range(len(sealed))), sealed + b"\0"]:
        with pytest.raises(crypto.CannotOpen):
            crypto.open(KEY, wrong, context=b"c", cipher=cipher)


def test_another_key_context_or_cipher_does_not_open() -> None:
    sealed = crypto.seal(KEY, b"message", context=b"user 7")
    with pytest.raises(crypto.CannotOpen):
        crypto.open(KEY[::-1], sealed, context=b"user 7")
    with pytest.raises(crypto.CannotOpen):
        crypto.open(KEY, sealed, context=b"user 8")
    with pytest.raises(crypto.CannotOpen):
        crypto.open(KEY, sealed, context=b"user 7", cipher="chacha20-poly1305")


@CIPHERS
def test_every_nonce_is_fresh(cipher: crypto.ciphers.Cipher) -> None:
    assert len({crypto.seal(KEY, b"", cipher=cipher)[:12] for _ in range(1_000)}) == 1_000


@pytest.mark.parametrize("key", [b"", b"short", b"x" * 31, b"x" * 33, "a passphrase of thirty-two octets"])
def test_what_is_no_key_is_refused_without_being_repeated(key: bytes) -> None:
    with pytest.raises(crypto.InvalidKey, match="a key has 32 octets") as caught:
        crypto.seal(key, b"")
    assert "passphrase of" not in str(caught.value)


def test_text_is_not_encoded_by_guess() -> None:
    with pytest.raises(TypeError, match=r"for text: message\.encode\(\)"):
        crypto.seal(KEY, "text")  # type: ignore[arg-type]
    assert crypto.open(KEY, bytearray(crypto.seal(KEY, memoryview(b"m")))) == b"m"  # type: ignore[arg-type]


def test_a_nonce_of_another_length_is_refused() -> None:
    with pytest.raises(crypto.InvalidKey, match="a nonce has 12 octets"):
        crypto.AesGcm(KEY).encrypt_with_nonce(b"short", b"")
    with pytest.raises(ValueError, match="12 bytes, not 5"):
        aead_seal(KEY, b"", b"", nonce=b"short")


def test_an_unknown_cipher_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no cipher"):
        crypto.seal(KEY, b"", cipher="rot13")  # type: ignore[arg-type]


def test_a_cipher_does_not_show_its_key() -> None:
    assert repr(crypto.AesGcm(b"k" * 32)) == "AesGcm(key hidden)"
