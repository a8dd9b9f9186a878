from spica.orm import Model, Timestamps, field, validates


class User(Model, Timestamps):
    """Who has files. What ends in `_hash` or `_digest` is never part of an answer."""

    email: str = field(max=200, unique=True)
    password_hash: str
    key_digest: str = field(default="", index=True)

    validates("email", presence=True)
    validates("email", format=r"[^@\s]+@[^@\s]+")
