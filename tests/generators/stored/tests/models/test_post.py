from app.models.post import Post
from tests.factories.post import create_post, post_values


async def test_a_post_is_saved(db):
    post = await create_post()
    found = await Post.find(post.id)
    assert found.title == post.title
    assert found.body == post.body
    assert found.published == post.published


async def test_a_post_needs_a_title(db):
    post = Post(**await post_values(title=""))
    assert not await post.save()
    assert post.errors.on("title")


async def test_a_post_needs_a_body(db):
    post = Post(**await post_values(body=""))
    assert not await post.save()
    assert post.errors.on("body")
