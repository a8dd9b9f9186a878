from spica import Channel, on


class ChatChannel(Channel, topic="chat:{chat_id}"):
    async def join(self, chat_id: str):
        # Whoever the socket let in may join; to refuse some of them, raise Unauthorized.
        return {}

    @on("new_msg")
    async def new_msg(self, body: str):
        await self.broadcast("new_msg", {"body": body})

    @on("typing")
    async def typing(self, body: str):
        await self.broadcast("typing", {"body": body})
