from app.models.post import Post
from tests.factories.post import PostFactory


async def test_a_post_is_saved(db):
    post = await PostFactory.create()
    found = await Post.find(post.id)
    assert found.title == post.title
    assert found.body == post.body
    assert found.published == post.published


async def test_a_post_needs_a_title(db):
    post = await PostFactory.unsaved(title="")
    assert not await post.save()
    assert post.errors.on("title")


async def test_a_post_needs_a_body(db):
    post = await PostFactory.unsaved(body="")
    assert not await post.save()
    assert post.errors.on("body")
