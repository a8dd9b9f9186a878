"""FastAPI as its documentation shows it: `async def` handlers (its fast kind) and a pydantic model as return type."""

import asyncio

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

app = FastAPI()


class User(BaseModel):
    id: int
    name: str


@app.get("/plaintext", response_class=PlainTextResponse)
async def plaintext() -> str:
    return "Hello, World!"


@app.get("/users/{id}")
async def show_user(id: int) -> User:
    return User(id=id, name="Ada Lovelace")


@app.get("/await", response_class=PlainTextResponse)
async def waits() -> str:
    await asyncio.sleep(0)
    return "Hello, World!"
