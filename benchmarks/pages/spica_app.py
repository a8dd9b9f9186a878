"""TechEmpower's `db`, `queries`, `fortunes` and `updates` with models and a template."""

import os
import random
from pathlib import Path

import msgspec

from spica import App, Response, Templates, db
from spica.orm import Model

app = App()
templates = Templates(Path(__file__).parent / "views")
db.configure(os.environ["BENCH_DATABASE_URL"])


class World(Model, table="world"):
    randomnumber: int


class Fortune(Model, table="fortune"):
    message: str


class WorldOut(msgspec.Struct):
    id: int
    randomNumber: int


class Extra(msgspec.Struct):
    id: int
    message: str


def shown(world: World) -> WorldOut:
    return WorldOut(world.id, world.randomnumber)


@app.get("/db")
async def show_one() -> WorldOut:
    return shown(await World.find(random.randint(1, 10_000)))


@app.get("/queries")
async def show_many(n: int = 20) -> list[WorldOut]:
    return [shown(await World.find(random.randint(1, 10_000))) for _ in range(n)]


@app.get("/updates")
async def update_many(n: int = 5) -> list[WorldOut]:
    worlds = [await World.find(random.randint(1, 10_000)) for _ in range(n)]
    for world in worlds:
        world.randomnumber = random.randint(1, 10_000)
        await world.save()
    return [shown(world) for world in worlds]


@app.get("/fortunes")
async def show_fortunes() -> Response:
    fortunes = [*await Fortune.all(), Extra(0, "Additional fortune added at request time.")]
    fortunes.sort(key=lambda fortune: fortune.message)
    return Response.html(templates.render("fortunes", fortunes=fortunes))
