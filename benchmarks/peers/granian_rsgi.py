"""Granian without a framework: a bare RSGI application, routed by hand."""

import asyncio

import msgspec

TEXT = [("content-type", "text/plain; charset=utf-8")]
JSON = [("content-type", "application/json")]
encode = msgspec.json.Encoder().encode


class User(msgspec.Struct):
    id: int
    name: str


async def app(scope, protocol):
    path = scope.path
    if path == "/plaintext":
        protocol.response_str(200, TEXT, "Hello, World!")
    elif path.startswith("/users/"):
        user = User(int(path[7:]), "Ada Lovelace")
        protocol.response_bytes(200, JSON, encode(user))
    elif path == "/await":
        await asyncio.sleep(0)
        protocol.response_str(200, TEXT, "Hello, World!")
    else:
        protocol.response_empty(404, [])
