"""Rotating the master key: at every moment, also after a crash, the keys at hand open the file.

key file: new, old   ->   secrets file: sealed by new   ->   key file: new
"""

from __future__ import annotations

from spica.secrets.errors import WrongMasterKey
from spica.secrets.master_key import MasterKey
from spica.secrets.sealed_text import Kdf, parse_header
from spica.secrets.store import SecretsFile


def rotate_key(file: SecretsFile, new: MasterKey, kdf: Kdf | None = None) -> tuple[MasterKey, MasterKey]:
    """Seal the secrets by a new key.

    Args:    file: with a key at hand that opens it; new: the key; kdf: where it comes from.
    Returns: the old and the new key. Where the key is not in the key file, putting the new one there is the caller's.
    Raises:  WrongMasterKey, SecretsLocked, SecretsDamaged; SecretsChanged, CannotWriteSecrets: then the old key goes
             on.
    """
    octets = file.read()
    text = file.open(octets)
    kid = parse_header(octets, file.name).kid
    old = next((key for key in file.load_keys() if key.kid == kid), None)
    if old is None:
        raise WrongMasterKey(f"the key doesn't open {file.name}")
    draft = file.read_draft()
    in_file = file.key_origin() == str(file.key_path)
    if in_file:
        file.write_keys([new, old])
    file.replace(text, started_from=octets, key=new, kdf=kdf)
    if draft is not None and in_file:
        file.keep_draft(draft)  # what was typed and not saved belongs to the new key too
    if in_file:
        file.write_keys([new])
    return old, new
