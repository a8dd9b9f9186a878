from spica import Socket, tokens

from app.channels.chat_channel import ChatChannel


class UserSocket(Socket):
    channels = [ChatChannel]

    async def connect(self, auth_token: str):
        # Made for the page by `tokens.sign("socket", user.id)`; a forged one is refused with 401.
        self.user_id = tokens.verify("socket", auth_token, max_age=86_400)
