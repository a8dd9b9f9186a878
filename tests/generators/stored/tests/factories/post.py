from spica.testing import Factory

from app.models.post import Post


class PostFactory(Factory[Post]):
    """A post that can be saved."""

    title = "A title"
    body = "A body"
    published = True
