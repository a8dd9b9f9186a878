"""TechEmpower's pages with BlackSheep, raw asyncpg and Jinja2."""

import os
import random

import asyncpg
import jinja2
from blacksheep import Application, html, json

SELECT = "select randomnumber from world where id = $1"
PAGE = jinja2.Environment(autoescape=True).from_string(
    "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>"
    "{% for fortune in fortunes %}<tr><td>{{ fortune[0] }}</td><td>{{ fortune[1] }}</td></tr>{% endfor %}"
    "</table></body></html>"
)
app = Application()
pool = None


@app.on_start
async def open_pool(_):
    global pool  # noqa: PLW0603 (as its documentation does)
    pool = await asyncpg.create_pool(os.environ["BENCH_DATABASE_URL"], min_size=16, max_size=16)


@app.router.get("/db")
async def show_one():
    number = random.randint(1, 10_000)
    async with pool.acquire() as connection:
        return json({"id": number, "randomNumber": await connection.fetchval(SELECT, number)})


@app.router.get("/queries")
async def show_many(n: int):
    numbers = [random.randint(1, 10_000) for _ in range(n)]
    async with pool.acquire() as connection:
        statement = await connection.prepare(SELECT)
        return json([{"id": one, "randomNumber": await statement.fetchval(one)} for one in numbers])


@app.router.get("/updates")
async def update_many(n: int):
    numbers = [random.randint(1, 10_000) for _ in range(n)]
    async with pool.acquire() as connection:
        statement = await connection.prepare(SELECT)
        worlds = []
        for one in numbers:
            await statement.fetchval(one)
            worlds.append({"id": one, "randomNumber": random.randint(1, 10_000)})
        for world in worlds:
            await connection.execute(
                "update world set randomnumber = $1 where id = $2", world["randomNumber"], world["id"]
            )
    return json(worlds)


@app.router.get("/fortunes")
async def show_fortunes():
    async with pool.acquire() as connection:
        fortunes = [tuple(row) for row in await connection.fetch("select id, message from fortune")]
    fortunes.append((0, "Additional fortune added at request time."))
    fortunes.sort(key=lambda fortune: fortune[1])
    return html(PAGE.render(fortunes=fortunes))
