from app.models.post import Post


async def post_values(**values):
    """Values of a post that can be saved, with `values` put in."""
    return {"title": "A title", "body": "A body", "published": True} | values


async def create_post(**values):
    """Save a post."""
    return await Post.create(**await post_values(**values))
