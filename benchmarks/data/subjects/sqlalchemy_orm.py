"""SQLAlchemy 2 with its asynchronous session, as its documentation shows it: one session a piece of work."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Integer, String, Text, insert, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship

from benchmarks.data.operations import AT_ONCE, AUTHORS, BODY, BULK, ROWS, TITLE

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
SCHEMES = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "mysql": "mysql+asyncmy"}
KEY = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(KEY, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(KEY, primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    published: Mapped[bool]
    views: Mapped[int]
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    author: Mapped[Author] = relationship()


class Subject:
    async def open(self, url: str) -> None:
        scheme, _, rest = url.partition("://")
        separator = ":///" if scheme == "sqlite" else "://"
        pool = {} if scheme == "sqlite" else {"pool_size": 16}
        self._engine = create_async_engine(SCHEMES[scheme] + separator + rest, **pool)
        self._session = async_sessionmaker(self._engine, expire_on_commit=False)

    async def close(self) -> None:
        await self._engine.dispose()

    async def get(self, number: int) -> object:
        async with self._session() as session:
            return await session.get(Post, number % ROWS + 1)

    async def list(self, number: int) -> object:
        async with self._session() as session:
            query = select(Post).where(Post.published.is_(True)).order_by(Post.id.desc()).limit(20)
            return (await session.scalars(query)).all()

    async def parent(self, number: int) -> object:
        async with self._session() as session:
            query = select(Post).where(Post.published.is_(True)).order_by(Post.id.desc()).limit(20)
            return (await session.scalars(query.options(joinedload(Post.author)))).all()

    async def insert(self, number: int) -> object:
        async with self._session.begin() as session:
            session.add(
                Post(
                    title=TITLE,
                    body=BODY,
                    published=True,
                    views=number,
                    author_id=number % AUTHORS + 1,
                    created_at=NOW,
                )
            )
            return None

    async def update(self, number: int) -> object:
        async with self._session.begin() as session:
            record = await session.get(Post, number % ROWS + 1)
            assert record is not None
            record.views = number
            return None

    async def bulk(self, number: int) -> None:
        rows = [
            {
                "title": TITLE,
                "body": BODY,
                "published": True,
                "views": index,
                "author_id": index % AUTHORS + 1,
                "created_at": NOW,
            }
            for index in range(BULK)
        ]
        async with self._session.begin() as session:
            await session.execute(insert(Post), rows)

    async def concurrent(self, number: int) -> None:
        await asyncio.gather(*(self.get(number + index) for index in range(AT_ONCE)))
