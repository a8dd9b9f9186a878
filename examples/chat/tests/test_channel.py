import pytest
from spica import SocketClosed
from spica.testing import JoinRefused, PushRefused, SocketRefused

from app.models.message import Message
from app.models.room import Room


async def test_what_one_says_all_hear(client, db):
    room = await Room.create(name="Lobby")
    said = await Message.create(room_id=room.id, author="Grace", body="Is anybody there?")
    ada, bob = client.new(), client.new()
    ada.sign_in(name="Ada")
    bob.sign_in(name="Bob")
    async with ada.socket("/socket") as one, bob.socket("/socket") as two:
        here = await one.join(room.topic)
        there = await two.join(room.topic, after=said.id)
        assert [message["body"] for message in here.reply["history"]] == ["Is anybody there?"]
        assert there.reply["history"] == []
        await here.push_soon("typing")
        await there.expect_broadcast("typing", name="Ada")
        await here.push("new_msg", body="I am!")
        for each in (here, there):
            await each.expect_broadcast("new_msg", author="Ada", body="I am!")
    assert await Message.count() == 2


async def test_who_is_here(client, db):
    room = await Room.create(name="Lobby")
    client.sign_in(name="Ada")
    async with client.socket("/socket") as socket:
        joined = await socket.join(room.topic)
        await joined.expect_broadcast("presence_state")
        (await client.get("/")).expect_select(".rooms span", text="1 here")
        (await client.get(f"/rooms/{room.id}")).expect_select("#here li", text="Ada")


async def test_a_message_sent_by_a_form_is_heard_too(client, db):
    room = await Room.create(name="Lobby")
    client.sign_in(name="Ada")
    async with client.socket("/socket") as socket:
        joined = await socket.join(room.topic)
        await client.post(f"/rooms/{room.id}/messages", form={"body": "from a form"})
        await joined.expect_broadcast("new_msg", author="Ada", body="from a form")


async def test_signing_out_ends_the_socket(client, db):
    client.sign_in(name="Ada")
    async with client.socket("/socket") as socket:
        (await client.delete("/session")).expect_redirect("/session/new")
        with pytest.raises(SocketClosed):
            await socket.receive()
    with pytest.raises(SocketRefused):
        async with client.socket("/socket"):
            pass


async def test_what_is_refused(client, db):
    room = await Room.create(name="Lobby")
    with pytest.raises(SocketRefused):
        async with client.socket("/socket"):
            pass
    client.sign_in(name="Ada")
    async with client.socket("/socket") as socket:
        with pytest.raises(JoinRefused):
            await socket.join("room:99")
        joined = await socket.join(room.topic)
        with pytest.raises(PushRefused):
            await joined.push("new_msg", body=" ")
    assert await Message.count() == 0
