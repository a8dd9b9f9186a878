"""TechEmpower's pages with FastAPI, SQLAlchemy's asynchronous session and Jinja2."""

import os
import random
from typing import Annotated

import jinja2
from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

URL = os.environ["BENCH_DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")
URL = URL.replace("sqlite://", "sqlite+aiosqlite:///")
engine = create_async_engine(URL, **({} if "sqlite" in URL else {"pool_size": 16}))
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()
PAGE = jinja2.Environment(autoescape=True).from_string(
    "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>"
    "{% for fortune in fortunes %}<tr><td>{{ fortune.id }}</td><td>{{ fortune.message }}</td></tr>{% endfor %}"
    "</table></body></html>"
)


class Base(DeclarativeBase):
    pass


class World(Base):
    __tablename__ = "world"
    id: Mapped[int] = mapped_column(primary_key=True)
    randomnumber: Mapped[int]


class Fortune(Base):
    __tablename__ = "fortune"
    id: Mapped[int] = mapped_column(primary_key=True)
    message: Mapped[str]


async def opened():
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(opened)]


def shown(world: World) -> dict[str, int]:
    return {"id": world.id, "randomNumber": world.randomnumber}


@app.get("/db")
async def show_one(session: Session):
    return shown(await session.get(World, random.randint(1, 10_000)))


@app.get("/queries")
async def show_many(session: Session, n: int):
    return [shown(await session.get(World, random.randint(1, 10_000))) for _ in range(n)]


@app.get("/updates")
async def update_many(session: Session, n: int):
    worlds = [await session.get(World, random.randint(1, 10_000)) for _ in range(n)]
    for world in sorted(worlds, key=lambda world: world.id):
        world.randomnumber = random.randint(1, 10_000)
    await session.commit()
    return [shown(world) for world in worlds]


@app.get("/fortunes")
async def show_fortunes(session: Session):
    fortunes = list((await session.scalars(select(Fortune))).all())
    fortunes.append(Fortune(id=0, message="Additional fortune added at request time."))
    fortunes.sort(key=lambda fortune: fortune.message)
    return HTMLResponse(PAGE.render(fortunes=fortunes))
