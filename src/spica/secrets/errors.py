"""Mistakes with encrypted secrets. None of their texts holds a secret or a key.

SpicaError
├── SecretsLocked      C120
├── WrongMasterKey     C121
├── SecretsDamaged     C122
├── InvalidMasterKey   C123
├── KeyFileExposed     C124
├── NoSuchSecret       C125
├── SecretsChanged     C126
├── EditorFailed       C127
├── SecretsNotToml     C128
├── CannotWriteSecrets C129
└── KeyExists          C130
"""

from __future__ import annotations

from spica.errors.base import SpicaError


class SecretsLocked(SpicaError):
    """There is an encrypted secrets file, and no key to open it: neither in the environment nor in a key file."""

    code = "SPICA-C120"


class WrongMasterKey(SpicaError):
    """None of the keys at hand is the one that the secrets file was sealed with."""

    code = "SPICA-C121"


class SecretsDamaged(SpicaError):
    """The secrets file is cut, changed, of another format, or meant for another environment."""

    code = "SPICA-C122"


class InvalidMasterKey(SpicaError):
    """SPICA_MASTER_KEY, or a key file, holds something that is no master key."""

    code = "SPICA-C123"


class KeyFileExposed(SpicaError):
    """Others on the machine may read the key file."""

    code = "SPICA-C124"


class NoSuchSecret(SpicaError, AttributeError):
    """`app.secrets`, or `${secrets...}` in the configuration, names a secret that isn't in the file."""

    code = "SPICA-C125"


class SecretsChanged(SpicaError):
    """The secrets file was changed by someone else while it was edited here."""

    code = "SPICA-C126"


class EditorFailed(SpicaError):
    """No editor is known, it can't be started, or it ended with an error; nothing was changed."""

    code = "SPICA-C127"


class SecretsNotToml(SpicaError):
    """The text of the secrets is not valid TOML."""

    code = "SPICA-C128"


class CannotWriteSecrets(SpicaError):
    """The secrets or the key can't be written: a full disk, a folder without permission. The file is as it was."""

    code = "SPICA-C129"


class KeyExists(SpicaError):
    """A key would be made where there is one, or for secrets that another key has sealed."""

    code = "SPICA-C130"
