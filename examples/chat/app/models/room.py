from spica.orm import Model, field, validates


class Room(Model):
    """A place to talk. Its messages are broadcast to its topic."""

    name: str = field(max=30, unique=True)

    validates("name", presence=True)

    @property
    def topic(self) -> str:
        return f"room:{self.id}"
