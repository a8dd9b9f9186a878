"""Master keys: 32 random octets as text, where they come from, and the id by which a file names its own.

Rules:
- Several keys may stand in one place, separated by spaces, commas or lines: the first seals, all open. That is how a
  key is rotated without a moment in which a file can't be read.
- A key file is for its owner alone (0600); one that the platform mounts is named by SPICA_MASTER_KEY_FILE and its mode
  is the platform's affair.
- A key is never shown: not in a repr, not in an error.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from spica.crypto.ciphers import KEY_BYTES, generate_key
from spica.crypto.derivation import hkdf
from spica.secrets.errors import InvalidMasterKey, KeyFileExposed

VARIABLE = "SPICA_MASTER_KEY"
FILE_VARIABLE = "SPICA_MASTER_KEY_FILE"
_MAX_FILE_BYTES = 4_096
_PURPOSE = b"spica secrets v1 "


class MasterKey:
    """One master key.

    Args:    octets: 32 of them.
    """

    __slots__ = ("_octets", "kid", "sealing_key")

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self.kid: str = hkdf(octets, purpose=_PURPOSE + b"kid", length=4).hex()
        self.sealing_key: bytes = hkdf(octets, purpose=_PURPOSE + b"key")

    @classmethod
    def generate(cls) -> MasterKey:
        """Make a new one."""
        return cls(generate_key())

    @property
    def text(self) -> str:
        """The key as it is kept in a file or variable: 43 characters."""
        return base64.urlsafe_b64encode(self._octets).rstrip(b"=").decode("ascii")

    def __repr__(self) -> str:
        return f"MasterKey({self.kid})"


def parse_master_keys(text: str, origin: str) -> list[MasterKey]:
    """Read the keys in a text.

    Args:    text: of a variable or file; origin: its name, for the error.
    Returns: at least one, the one that seals first.
    Raises:  InvalidMasterKey, which doesn't repeat the text.
    """
    words = [word for word in re.split(r"[\s,]+", text) if word]
    keys = [_parse(word) for word in words]
    if not keys or None in keys:
        lengths = ", ".join(str(len(word)) for word in words) or "none"
        raise InvalidMasterKey(
            f"{origin} holds no master key",
            why=f"a key is 43 letters, digits, - and _; here are words of these lengths: {lengths}",
            fix="copy it whole from the key file; for a passphrase, run: spica secrets kdf",
        )
    return [key for key in keys if key is not None]


def find_master_keys(key_file: Path, environ: Mapping[str, str]) -> tuple[list[MasterKey], str]:
    """Find the keys for a secrets file.

    Args:    key_file: beside the secrets; environ: the environment variables, which win.
    Returns: the keys and where they are from; [] and "" when there are none.
    Raises:  InvalidMasterKey; KeyFileExposed.
    """
    if text := environ.get(VARIABLE, "").strip():
        return parse_master_keys(text, VARIABLE), VARIABLE
    if named := environ.get(FILE_VARIABLE, "").strip():
        return parse_master_keys(_read(Path(named)), named), named
    if not os.path.lexists(key_file):
        return [], ""
    check_private(key_file)
    return parse_master_keys(_read(key_file), key_file.name), str(key_file)


def check_private(path: Path) -> None:
    """Refuse a key file that others may read. Raises KeyFileExposed; InvalidMasterKey for what is no file."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise InvalidMasterKey(f"the key file {path} can't be read: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise InvalidMasterKey(f"the key file {path} is no file")
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise KeyFileExposed(
            f"others may read the key file {path.name}: its mode is {stat.S_IMODE(mode):04o}",
            where=str(path),
            why="who has the key has every secret",
            fix=f"chmod 600 {path}; if it was readable for long: spica secrets rotate",
        )


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_FILE_BYTES).decode("ascii", "replace")
    except OSError as error:
        raise InvalidMasterKey(f"the key file {path} can't be read: {error.strerror}") from error


def _parse(word: str) -> MasterKey | None:
    try:
        octets = base64.b64decode(word + "=" * (-len(word) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return MasterKey(octets) if len(octets) == KEY_BYTES else None
