from spica import paths

from app.channels.chat_channel import ChatChannel
from app.controllers.application_controller import ApplicationController
from app.models.message import Message
from app.models.room import Room


class RoomsController(ApplicationController):
    async def index(self):
        return self.render("index", rooms=await self.rooms(), room=Room())

    async def show(self, id: int):
        room = await Room.find(id)
        self.blank = Message()  # for the script to fill in; what is not passed by name is no part of the JSON
        return self.render("show", room=room, messages=await Message.recent(id), here=ChatChannel.presence(room.topic))

    async def create(self):
        room = Room(self.params.require("room").permit("name"))
        if await room.save():
            return self.redirect_to(paths.room(room))
        return self.render("index", rooms=await self.rooms(), room=room, status=422)

    async def rooms(self):
        """Every room, with how many are there now, in all processes."""
        return [(room, len(ChatChannel.presence(room.topic))) for room in await Room.order("name")]
