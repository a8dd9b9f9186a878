from spica.testing import File

from app.access import make_token
from app.models.user import User

NOTE = File("note.txt", b"Hello, shelf", content_type="text/plain")


async def test_a_file_is_kept_listed_downloaded_in_parts_and_deleted(client, ada):
    made = (await client.post("/api/files", multipart={"file": NOTE})).expect_status(201)
    address = made.headers["location"]
    assert "stored_as" not in made.text
    listed = (await client.get("/api/files?per=1")).expect_json_path("$.items[0].name", "note.txt")
    assert listed.json()["total"] == 1
    whole = (await client.get(f"{address}/content")).expect_status(200)
    assert whole.text == "Hello, shelf"
    part = (await client.get(f"{address}/content").header("range", "bytes=7-")).expect_status(206)
    assert part.text == "shelf"
    (await client.delete(address)).expect_status(204)
    (await client.get(address)).expect_status(404)


async def test_what_is_too_much_or_of_another_kind_is_refused(client, ada):
    program = File("a.exe", b"MZ", content_type="application/octet-stream")
    (await client.post("/api/files", multipart={"file": program})).expect_status(422)
    (await client.get("/api/files?per=1000")).expect_status(422)


async def test_files_of_others_are_not_there(client, ada):
    address = (await client.post("/api/files", multipart={"file": NOTE})).headers["location"]
    bob = await User.create(email="bob@example.com", password_hash="none")
    for path in (address, f"{address}/content"):
        (await client.get(path).bearer(make_token(bob))).expect_status(404)
    assert (await client.get("/api/files").bearer(make_token(bob))).json()["total"] == 0


async def test_the_feed_tells_of_a_file_and_goes_on_after_a_break(client, ada):
    await client.post("/api/files", multipart={"file": NOTE})
    async with client.sse("/api/feed") as events:
        assert (await events.next(timeout_s=5)).id == "1"
        await client.post("/api/files", multipart={"file": NOTE})
        assert (await events.next(timeout_s=5)).id == "2"
        await client.post("/api/files", multipart={"file": NOTE})
        await events.reconnect()
        assert (await events.next(timeout_s=5)).id == "3"


async def test_a_request_sent_twice_with_one_key_is_handled_once(client, ada):
    first, again = [
        (await client.post("/api/keys").header("idempotency-key", "first-key")).expect_status(201) for _ in range(2)
    ]
    assert first.json() == again.json()
    again.expect_header("idempotency-replayed", "true")


async def test_the_api_describes_itself(client, db):
    document = (await client.get("/api/docs/openapi.json")).expect_status(200).json()
    assert {"/api/files", "/api/feed", "/api/tokens"} <= set(document["paths"])
    assert "stored_as" not in str(document)
