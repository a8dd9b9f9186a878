import pytest
from spica import tokens


@pytest.fixture
async def chat(client):
    """The channel, joined by a user who is signed in."""
    async with client.socket("/socket", auth_token=tokens.sign("socket", 7)) as socket:
        yield await socket.join("chat:1")


async def test_new_msg_reaches_everyone_in_it(chat):
    await chat.push("new_msg", body="hello")
    await chat.expect_broadcast("new_msg", body="hello")


async def test_typing_reaches_everyone_in_it(chat):
    await chat.push("typing", body="hello")
    await chat.expect_broadcast("typing", body="hello")
