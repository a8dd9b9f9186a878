"""The feed: hear of every file as it comes. After a break it goes on where the client was, by Last-Event-ID."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from spica import Context, Event, Router

from app.api.accounts import Me
from app.models.stored_file import StoredFile

router = Router()
_LOOK_AGAIN_S = 2  # files that came by way of another worker
_listening: set[asyncio.Event] = set()


def tell() -> None:
    """Wake everyone who listens in this process."""
    for news in _listening:
        news.set()


@router.sse("/feed", tags=["files"])
async def feed(me: Me, ctx: Context) -> AsyncIterator[Event]:
    """Send an event for each new file."""
    last = ctx.last_event_id or ""
    seen = int(last) if last.isascii() and last.isdigit() else 0
    news = asyncio.Event()
    _listening.add(news)
    try:
        while True:
            for file in await StoredFile.where(StoredFile.id > seen, user_id=me.id).order("id").limit(100):
                seen = file.id
                yield Event(file, event="file", id=seen)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), _LOOK_AGAIN_S)
            news.clear()
    finally:
        _listening.discard(news)
