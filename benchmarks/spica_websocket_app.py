"""The Spica application that is measured with WebSockets: one room, whose messages reach everybody."""

from spica import App, WebSocket, broadcast

app = App()


@app.ws("/ws")
async def room(socket: WebSocket) -> None:
    await socket.subscribe("room")
    async for message in socket:
        broadcast("room", message)
