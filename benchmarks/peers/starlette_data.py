"""TechEmpower's pages with Starlette, raw asyncpg and Jinja2, as its own entry there does."""

import os
import random
from contextlib import asynccontextmanager

import asyncpg
import jinja2
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

SELECT = "select randomnumber from world where id = $1"
PAGE = jinja2.Environment(autoescape=True).from_string(
    "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>"
    "{% for fortune in fortunes %}<tr><td>{{ fortune[0] }}</td><td>{{ fortune[1] }}</td></tr>{% endfor %}"
    "</table></body></html>"
)


@asynccontextmanager
async def lifespan(app):
    app.state.pool = await asyncpg.create_pool(os.environ["BENCH_DATABASE_URL"], min_size=16, max_size=16)
    yield
    await app.state.pool.close()


async def show_one(request):
    number = random.randint(1, 10_000)
    async with request.app.state.pool.acquire() as connection:
        return JSONResponse({"id": number, "randomNumber": await connection.fetchval(SELECT, number)})


async def show_many(request):
    numbers = [random.randint(1, 10_000) for _ in range(int(request.query_params["n"]))]
    async with request.app.state.pool.acquire() as connection:
        statement = await connection.prepare(SELECT)
        return JSONResponse([{"id": one, "randomNumber": await statement.fetchval(one)} for one in numbers])


async def update_many(request):
    numbers = [random.randint(1, 10_000) for _ in range(int(request.query_params["n"]))]
    async with request.app.state.pool.acquire() as connection:
        statement = await connection.prepare(SELECT)
        worlds = []
        for one in numbers:
            await statement.fetchval(one)
            worlds.append({"id": one, "randomNumber": random.randint(1, 10_000)})
        for world in worlds:
            await connection.execute(
                "update world set randomnumber = $1 where id = $2", world["randomNumber"], world["id"]
            )
    return JSONResponse(worlds)


async def show_fortunes(request):
    async with request.app.state.pool.acquire() as connection:
        fortunes = [tuple(row) for row in await connection.fetch("select id, message from fortune")]
    fortunes.append((0, "Additional fortune added at request time."))
    fortunes.sort(key=lambda fortune: fortune[1])
    return HTMLResponse(PAGE.render(fortunes=fortunes))


app = Starlette(
    routes=[
        Route("/db", show_one),
        Route("/queries", show_many),
        Route("/updates", update_many),
        Route("/fortunes", show_fortunes),
    ],
    lifespan=lifespan,
)
