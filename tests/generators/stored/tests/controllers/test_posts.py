from app.models.post import Post
from tests.factories.post import PostFactory


def post_form(**values):
    """What a browser sends for a post, with `values` put in."""
    return {"title": "A title", "body": "A body", "published": "1"} | values


async def test_the_list_shows_every_post(client, db):
    post = await PostFactory.create()
    response = await client.get("/posts")
    response.expect_html().expect_select(f"a[href='/posts/{post.id}']")


async def test_a_post_has_a_page(client, db):
    post = await PostFactory.create()
    response = await client.get(f"/posts/{post.id}")
    response.expect_status(200).expect_text("Title")


async def test_a_missing_post_is_not_found(client, db):
    (await client.get("/posts/404")).expect_status(404)


async def test_a_post_is_created(client, db):
    (await client.get("/posts/new")).expect_status(200)
    response = await client.post("/posts", form={"post": post_form()})
    post = await Post.first()
    response.expect_redirect(f"/posts/{post.id}").expect_flash("notice", "Post created")
    (await response.follow()).expect_ok().expect_text("Post created")


async def test_a_post_without_a_title_is_not_created(client, db):
    response = await client.post("/posts", form={"post": post_form(title="")})
    response.expect_status(422).expect_text("Title can&#39;t be blank")
    assert await Post.count() == 0


async def test_a_post_is_changed(client, db):
    post = await PostFactory.create()
    (await client.get(f"/posts/{post.id}/edit")).expect_status(200)
    form = {"_method": "patch", "post": post_form(title="Another")}
    response = await client.post(f"/posts/{post.id}", form=form)
    response.expect_redirect(f"/posts/{post.id}")
    assert (await Post.find(post.id)).title == "Another"


async def test_a_post_is_deleted(client, db):
    post = await PostFactory.create()
    response = await client.post(f"/posts/{post.id}", form={"_method": "delete"})
    response.expect_redirect("/posts")
    assert await Post.count() == 0
