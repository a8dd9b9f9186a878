"""Starlette as its documentation shows it."""

import asyncio

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route


async def plaintext(request):
    return PlainTextResponse("Hello, World!")


async def show_user(request):
    return JSONResponse({"id": request.path_params["id"], "name": "Ada Lovelace"})


async def waits(request):
    await asyncio.sleep(0)
    return PlainTextResponse("Hello, World!")


app = Starlette(
    routes=[
        Route("/plaintext", plaintext),
        Route("/users/{id:int}", show_user),
        Route("/await", waits),
    ]
)
