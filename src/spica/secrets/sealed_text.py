"""The format of a secrets file: a header that can be read, and the sealed text, in lines that git can carry.

    spica-secrets v1
    for: production                     or "default"
    key: 5f0a91c3                       id of the master key
    kdf: argon2id 65536 3 4 <salt>      only where the key was made of a passphrase

    <base64 in lines of 76: nonce 12, AES-256-GCM ciphertext of the TOML text as UTF-8, tag 16>

Rules: the whole header is authenticated with the text. Line ends may have become CRLF on the way; nothing else may.
Source: ADR "Secrets are a sealed file" in docs/decisions.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from spica.crypto.ciphers import open as open_sealed
from spica.crypto.ciphers import seal
from spica.crypto.derivation import PassphraseCost
from spica.crypto.errors import CannotOpen
from spica.secrets.errors import SecretsDamaged, WrongMasterKey
from spica.secrets.master_key import MasterKey

MAX_BYTES = 1024 * 1024
_MAGIC = "spica-secrets v1"
_FIELD = re.compile(r"(for|key|kdf): (\S.*)")
_WIDTH = 76


@dataclass(frozen=True, slots=True)
class Kdf:
    """How the master key comes from a passphrase: salt and cost. The passphrase is not stored."""

    salt: bytes
    cost: PassphraseCost

    @property
    def text(self) -> str:
        """As the header has it."""
        return f"argon2id {' '.join(map(str, self.cost))} {self.salt.hex()}"


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself in clear: which environment it is for, its key's id, how that key is derived."""

    scope: str
    kid: str
    kdf: Kdf | None = None

    @property
    def text(self) -> str:
        """The header's lines."""
        lines = [_MAGIC, f"for: {self.scope}", f"key: {self.kid}", *([f"kdf: {self.kdf.text}"] if self.kdf else [])]
        return "\n".join(lines) + "\n"


def build_sealed(text: str, scope: str, key: MasterKey, kdf: Kdf | None = None) -> bytes:
    """Seal a text.

    Args:    text: the TOML; scope: the environment or "default"; key: what seals it; kdf: where the key comes from.
    Returns: the file's octets.
    """
    header = Header(scope, key.kid, kdf).text
    sealed = seal(key.sealing_key, text.encode(), context=header.encode())
    body = base64.b64encode(sealed).decode("ascii")
    lines = [body[start : start + _WIDTH] for start in range(0, len(body), _WIDTH)]
    return f"{header}\n{chr(10).join(lines)}\n".encode("ascii")


def parse_header(octets: bytes, name: str) -> Header:
    """Read what a file says of itself, which nothing has proved yet.

    Raises: SecretsDamaged, naming the file.
    """
    return _split(octets, name)[0]


def open_text(octets: bytes, name: str, scope: str | None, keys: Sequence[MasterKey]) -> str:
    """Open a sealed text.

    Args:    octets: of the file; name: of the file, for errors; scope: whose secrets are wanted, None for any.
    Raises:  SecretsDamaged; WrongMasterKey when none of the keys is the file's.
    """
    header, body = _split(octets, name)
    key = next((key for key in keys if key.kid == header.kid), None)
    if key is None:
        raise WrongMasterKey(
            f"the key doesn't open {name}",
            why=f"it was sealed by the key {header.kid}; here is {' and '.join(key.kid for key in keys) or 'none'}",
            fix="take the key that belongs to this file; after a rotation, the new one",
        )
    if scope is not None and header.scope != scope:
        raise SecretsDamaged(
            f"{name} holds the secrets of {header.scope!r}, not of {scope!r}",
            why="each environment's file is sealed for it alone",
            fix=f"restore the right one, or make it anew: spica secrets edit{_option(scope)}",
        )
    try:
        sealed = base64.b64decode(body, validate=True)
        return open_sealed(key.sealing_key, sealed, context=header.text.encode()).decode()
    except (binascii.Error, UnicodeDecodeError, CannotOpen) as error:
        raise _damaged(name, "the key is the right one, but the text was cut or changed") from error


def _split(octets: bytes, name: str) -> tuple[Header, bytes]:
    if len(octets) > MAX_BYTES:
        raise _damaged(name, f"it is larger than {MAX_BYTES:,} bytes")
    head, blank, body = octets.replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode("ascii", "replace").split("\n")
    if not first.startswith("spica-secrets "):
        raise _damaged(name, "it doesn't begin as a secrets file")
    if first != _MAGIC:
        raise _damaged(name, f"its format is {first[14:30]!r}, and this version reads v1")
    found = {match[1]: match[2] for match in map(_FIELD.fullmatch, lines) if match}
    if not blank or len(found) != len(lines) or not {"for", "key"} <= found.keys():
        raise _damaged(name, "its header is cut or changed")
    header = Header(found["for"], found["key"], _parse_kdf(found.get("kdf"), name))
    if header.text != head.decode("ascii", "replace") + "\n":
        raise _damaged(name, "its header is cut or changed")
    return header, body.replace(b"\n", b"")


def _parse_kdf(text: str | None, name: str) -> Kdf | None:
    if text is None:
        return None
    try:
        algorithm, memory, rounds, lanes, salt = text.split(" ")
        cost = PassphraseCost(int(memory), int(rounds), int(lanes))
        cost.check()  # before anything is derived: the header may be anyone's
        if algorithm != "argon2id":
            raise ValueError(algorithm)
        return Kdf(bytes.fromhex(salt), cost)
    except ValueError as error:
        raise _damaged(name, "the kdf in its header is none that is known") from error


def _damaged(name: str, why: str) -> SecretsDamaged:
    return SecretsDamaged(f"{name} can't be opened", why=why, fix=f"restore it: git checkout -- {name}")


def _option(scope: str) -> str:
    return "" if scope == "default" else f" --env {scope}"
