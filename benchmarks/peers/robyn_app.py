"""Robyn as its documentation shows it; the port is its argument."""

import asyncio
import sys

from robyn import Robyn

port = int(sys.argv.pop())
app = Robyn(__file__)


@app.get("/plaintext", const=False)
def plaintext():
    return "Hello, World!"


@app.get("/users/:id")
def show_user(request):
    return {"id": int(request.path_params["id"]), "name": "Ada Lovelace"}


@app.get("/await")
async def waits():
    await asyncio.sleep(0)
    return "Hello, World!"


app.start(host="127.0.0.1", port=port)
