"""Uvicorn without a framework: a bare ASGI application, routed by hand."""

import asyncio

import msgspec

encode = msgspec.json.Encoder().encode


class User(msgspec.Struct):
    id: int
    name: str


async def answer(send, status, content_type, body):
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def app(scope, receive, send):
    path = scope["path"]
    if path == "/plaintext":
        await answer(send, 200, b"text/plain; charset=utf-8", b"Hello, World!")
    elif path.startswith("/users/"):
        user = User(int(path[7:]), "Ada Lovelace")
        await answer(send, 200, b"application/json", encode(user))
    elif path == "/await":
        await asyncio.sleep(0)
        await answer(send, 200, b"text/plain; charset=utf-8", b"Hello, World!")
    else:
        await answer(send, 404, b"text/plain; charset=utf-8", b"")
