"""What a new secrets file begins with: the secret key of the application, so that production starts with one variable.

Rules: a file of production, or of all environments, has a `secret_key`; `config/app.toml` refers to it. Development and
test make their own (`spica.config.development_key`).
"""

from __future__ import annotations

from spica.crypto.randomness import token_urlsafe
from spica.secrets.editing import set_value
from spica.secrets.store import DEFAULT, SecretsFile, parse_toml

NAME = "secret_key"
_ABOUT = """\
# What sessions, signed cookies and tokens are sealed with; [app] secret_key in config/app.toml refers to it.
"""


def fresh_text(scope: str) -> str:
    """The text of a new file: a random secret key with what it is for; "" for environments that make their own.

    Args:    scope: an environment, or "default" for all that have no file of their own.
    """
    return f'{_ABOUT}{NAME} = "{token_urlsafe(48)}"\n' if scope in (DEFAULT, "production") else ""


def ensure_secret_key(file: SecretsFile) -> bool:
    """Add a random secret key to a file that has none. The master key must be at hand.

    Returns: whether one was added.
    Raises:  what opening and sealing raise.
    """
    octets = file.read()
    text = file.open(octets)
    fresh = fresh_text(file.scope)
    if not fresh or NAME in parse_toml(text, file.name):
        return False
    file.replace(
        set_value(text, NAME, token_urlsafe(48)) if text.strip() else fresh,
        started_from=octets,
    )
    return True
