"""Uploads through the core: large ones stay in the spooled file, others get their turn, nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest

from spica import App, Context, File, Form, UploadFile
from spica.http import forms, multipart
from spica.server.run import running_server
from spica.testing.client import Client
from spica.testing.multipart import File as Sent

LARGE = os.urandom(1024) * 2_000


def descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def build_app() -> App:
    app = App(env="production")

    @app.post("/spooled")
    def spooled(ctx: Context, file: UploadFile, title: Annotated[str, Form()] = "") -> dict[str, Any]:
        return {
            "spooled": ctx.request.native.is_spooled,
            "size": file.size,
            "same": file.content == LARGE,
            "title": title,
        }

    @app.post("/iterated")
    async def iterated(file: UploadFile) -> list[int]:
        return [len(block) async for block in file]

    @app.post("/failing")
    async def failing(file: UploadFile) -> None:
        raise RuntimeError("boom")

    @app.post("/raw")
    def raw(ctx: Context) -> dict[str, Any]:
        file = ctx.params["file"]
        return {"size": file.size, "name": file.filename}

    @app.get("/none")
    def none(q: str = "") -> str:
        return q

    return app


class SlowClient(Client):
    """A client whose requests arrive in pieces, as they do from a network: what is large is spooled."""

    async def send_octets(self, octets: bytes, *, timeout_s: float = 30) -> bytes:
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        received = bytearray()

        def sink(data: bytes | None) -> None:
            if data is not None:
                received.extend(data)
            elif not ended.done():
                ended.set_result(None)

        connection = self._server.connect(sink)
        loop = asyncio.get_running_loop()
        for start in range(0, len(octets), 50_000):
            loop.call_soon(connection.feed, octets[start : start + 50_000])
        await ended
        connection.close()
        return bytes(received)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    app = build_app()
    await app.startup()
    async with running_server(app, None) as server:
        yield SlowClient(app, server)
    await app.shutdown()


async def test_a_large_file_stays_on_disk(client: Client) -> None:
    response = await client.post("/spooled", multipart={"title": "t", "file": Sent("../a.bin", LARGE)})
    assert response.json() == {"spooled": True, "size": len(LARGE), "same": True, "title": "t"}
    blocks = (await client.post("/iterated", multipart={"file": Sent("a.bin", LARGE)})).json()
    assert (sum(blocks), len(blocks) > 1) == (len(LARGE), True)
    raw = (await client.post("/raw", multipart={"file": Sent("../a.bin", LARGE)})).json()
    assert raw == {"size": len(LARGE), "name": "a.bin"}


async def test_no_descriptor_outlives_its_request(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # pytest keeps what is logged, and with it the traceback's frames.
    monkeypatch.setattr(logging.getLogger("spica.app"), "disabled", True)
    await client.get("/none")
    before = descriptors()
    for path in ("/spooled", "/iterated", "/failing", "/raw"):
        for _ in range(3):
            await client.post(path, multipart={"file": Sent("a.bin", LARGE)})
    # Malformed, so that parsing ends in the middle of it.
    broken = b"--B\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n" + LARGE
    response = await client.post(
        "/spooled", content=broken, headers={"content-type": "multipart/form-data; boundary=B"}
    )
    assert response.status == 400
    assert descriptors() <= before


async def test_a_large_form_is_decoded_in_turns(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "BLOCK_BYTES", 4_096)
    order: list[str] = []
    original = forms.parse_form_in_steps

    async def others() -> None:
        while True:
            order.append("other")
            await asyncio.sleep(0)

    task = asyncio.ensure_future(others())
    try:
        response = await client.post("/spooled", multipart={"file": Sent("a.bin", LARGE)})
    finally:
        task.cancel()
    assert response.json()["same"] is True
    assert original is forms.parse_form_in_steps
    assert len(order) > len(LARGE) // 4_096, "somebody else ran after each block"


async def test_two_uploads_at_once_keep_their_own_files(client: Client) -> None:
    contents = [bytes([number]) * 300_000 for number in range(4)]
    answers = await asyncio.gather(
        *(_post(client, content) for content in contents),
    )
    assert [answer["size"] for answer in answers] == [300_000] * 4


async def _post(client: Client, content: bytes) -> dict[str, Any]:
    response = await client.post("/spooled", multipart={"file": Sent("a.bin", content)})
    result: dict[str, Any] = response.json()
    return result


async def test_the_core_reads_content_by_pieces() -> None:
    from spica._core import Request

    native = Request.build("POST", "/", [], b"0123456789")
    assert (native.content_length, native.is_spooled) == (10, False)
    assert [native.read_content(at, 4) for at in (0, 8, 10, 99)] == [b"0123", b"89", b"", b""]


def test_file_limits_are_part_of_the_signature() -> None:
    limits = File(max_size=10, types=["image/*"])
    assert (limits.max_size, limits.types) == (10, ["image/*"])
