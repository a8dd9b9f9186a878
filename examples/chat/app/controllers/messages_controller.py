from spica import paths, pubsub

from app.controllers.application_controller import ApplicationController
from app.models.message import Message
from app.models.room import Room


class MessagesController(ApplicationController):
    async def create(self, room_id: int):
        """The way without scripts. Who has joined the channel hears it all the same."""
        room = await Room.find(room_id)
        message = Message(room_id=room.id, author=self.me, body=str(self.params.get("body") or ""))
        if not await message.save():
            return self.redirect_to(paths.room(room), alert=message.errors.full_messages[0])
        await pubsub.broadcast(room.topic, "new_msg", message)
        return self.redirect_to(paths.room(room))
