from datetime import datetime

from spica.orm import Model, field, validates


class Message(Model):
    """What somebody said in a room."""

    room_id: int
    author: str = field(max=20)
    body: str = field(max=500)
    created_at: datetime = field(stamp="create")

    validates("body", presence=True)

    @classmethod
    async def recent(cls, room_id: int, after: int = 0) -> list["Message"]:
        """The last 50 messages of a room, those after one that is known, oldest first."""
        newest = await cls.where(room_id=room_id).where(cls.id > after).order("-id").limit(50)
        return newest[::-1]
