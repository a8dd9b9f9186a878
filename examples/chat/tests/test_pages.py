from app.models.message import Message
from app.models.room import Room


async def test_nobody_comes_in_without_a_name(client, db):
    room = await Room.create(name="Lobby")
    (await client.get(f"/rooms/{room.id}")).expect_redirect("/session/new")
    (await client.post("/session", form={"name": " "})).expect_status(422).expect_text("1 to 20 characters")
    page = await client.post("/session", form={"name": "Ada"}).follow()
    page.expect_select("header span", text="Ada").expect_select(".rooms a", text="Lobby")


async def test_rooms_are_opened_once(client, db):
    client.sign_in(name="Ada")
    (await client.post("/rooms", form={"room": {"name": "Garden"}})).expect_redirect("/rooms/1")
    (await client.post("/rooms", form={"room": {"name": "Garden"}})).expect_status(422).expect_text("already")


async def test_a_message_is_written_and_read_without_scripts(client, db):
    client.sign_in(name="Ada")
    room = await Room.create(name="Lobby")
    await Message.create(room_id=room.id, author="Grace", body="<b>Hello</b>")
    page = await client.post(f"/rooms/{room.id}/messages", form={"body": "Hi"}).follow()
    page.expect_select("#messages li", count=2).expect_select("#messages li:not(.mine) p", text="<b>Hello</b>")
    page.expect_select("#messages .mine p", text="Hi")
    (await client.post(f"/rooms/{room.id}/messages", form={"body": " "}).follow()).expect_select("[role=alert]")
