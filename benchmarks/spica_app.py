"""The measured Spica application: one file, as docs/reference/handlers.md shows it."""

import asyncio

import msgspec

from spica import App

app = App()


class User(msgspec.Struct):
    id: int
    name: str


@app.get("/plaintext")
def plaintext() -> str:
    return "Hello, World!"


@app.get("/users/{id:int}")
def show_user(id: int) -> User:
    return User(id, "Ada Lovelace")


@app.get("/await")
async def waits() -> str:
    await asyncio.sleep(0)
    return "Hello, World!"
