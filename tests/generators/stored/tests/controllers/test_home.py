"""The first page."""


async def test_the_first_page_is_shown(client):
    (await client.get("/")).expect_ok().expect_html(title="Blog")
