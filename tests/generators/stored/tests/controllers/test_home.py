"""The first page."""


async def test_the_first_page_is_shown(client):
    response = await client.get("/")
    response.expect_status(200).expect_text("Blog")
