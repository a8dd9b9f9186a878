"""BlackSheep as its documentation shows it."""

import asyncio
from dataclasses import dataclass

from blacksheep import Application, json, text

app = Application()


@dataclass
class User:
    id: int
    name: str


@app.router.get("/plaintext")
def plaintext():
    return text("Hello, World!")


@app.router.get("/users/{id}")
def show_user(id: int):
    return json(User(id, "Ada Lovelace"))


@app.router.get("/await")
async def waits():
    await asyncio.sleep(0)
    return text("Hello, World!")
