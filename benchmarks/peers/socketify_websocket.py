"""socketify (uWebSockets): one room, by its publish and subscribe. Usage: socketify_websocket.py PORT"""

import sys

from socketify import App, AppListenOptions

app = App()


def enter(socket):
    socket.subscribe("room")


def tell_all(socket, message, opcode):
    app.publish("room", message, opcode)


app.ws("/ws", {"open": enter, "message": tell_all})
app.listen(AppListenOptions(port=int(sys.argv[1]), host="127.0.0.1"))
app.run()
