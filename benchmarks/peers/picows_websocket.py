"""picows on uvloop: one room, a loop over its transports. Usage: picows_websocket.py PORT"""

import sys

import uvloop
from picows import WSListener, WSMsgType, ws_create_server

room = set()


class Listener(WSListener):
    def on_ws_connected(self, transport):
        room.add(transport)

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.TEXT:
            message = frame.get_payload_as_bytes()
            for member in room:
                member.send(WSMsgType.TEXT, message)
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()

    def on_ws_disconnected(self, transport):
        room.discard(transport)


async def main():
    server = await ws_create_server(lambda request: Listener(), "127.0.0.1", int(sys.argv[1]), backlog=16384)
    await server.serve_forever()


uvloop.run(main())
