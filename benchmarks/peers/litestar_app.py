"""Litestar as its documentation shows it: `async def` handlers and a msgspec Struct as return type."""

import asyncio

import msgspec
from litestar import Litestar, MediaType, get


class User(msgspec.Struct):
    id: int
    name: str


@get("/plaintext", media_type=MediaType.TEXT)
async def plaintext() -> str:
    return "Hello, World!"


@get("/users/{id:int}")
async def show_user(id: int) -> User:
    return User(id=id, name="Ada Lovelace")


@get("/await", media_type=MediaType.TEXT)
async def waits() -> str:
    await asyncio.sleep(0)
    return "Hello, World!"


app = Litestar([plaintext, show_user, waits], openapi_config=None)
