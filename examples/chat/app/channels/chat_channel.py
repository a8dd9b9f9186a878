from spica import Channel, Session, Socket, Unauthorized, on

from app.models.message import Message
from app.models.room import Room


class ChatChannel(Channel, topic="room:{room_id:int}"):
    """Who has joined hears what is said in a room, sees who is here, and who is typing."""

    async def join(self, room_id: int, after: int = 0):
        """Answer with what was said after the message that the page knows: nothing is missed by a break."""
        await Room.find(room_id)
        await self.presence.track(self.socket.name)
        return {"history": await Message.recent(room_id, after)}

    @on("new_msg")
    async def new_msg(self, room_id: int, body: str):
        message = await Message.create(room_id=room_id, author=self.socket.name, body=body)
        await self.broadcast("new_msg", message)

    @on("typing", reply=False)
    async def typing(self):
        await self.broadcast_from("typing", {"name": self.socket.name})


class UserSocket(Socket):
    """One browser: who it is stands in the session, as for pages."""

    channels = [ChatChannel]

    async def connect(self, session: Session):
        self.name = session.get("name")
        if not self.name:
            raise Unauthorized("sign in first")
        self.id = f"name:{self.name}"
