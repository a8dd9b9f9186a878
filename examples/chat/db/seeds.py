"""Three rooms. `spica db seed` runs this; a second time it does nothing."""

from app.models.message import Message
from app.models.room import Room


async def seed() -> None:
    if await Room.count():
        return
    lobby, _, _ = [await Room.create(name=name) for name in ("Lobby", "Ideas", "Kitchen")]
    for author, body in [
        ("Grace", "It is often easier to ask for forgiveness than to get permission."),
        ("Ada", "That brain of mine is something more than merely mortal, as time will show."),
        ("Grace", "One accurate measurement is worth a thousand expert opinions."),
    ]:
        await Message.create(room_id=lobby.id, author=author, body=body)
