from spica.orm import Model, Timestamps, field, validates


class Contact(Model, Timestamps):
    """Somebody one knows."""

    name: str = field(max=80)
    email: str = field(max=200, unique=True)

    validates("name", presence=True)
    validates("email", presence=True)
    validates("email", format=r"[^@\s]+@[^@\s]+")
