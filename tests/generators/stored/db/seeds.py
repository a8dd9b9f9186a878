"""What the database starts with. `spica db seed` runs this; running it twice must do no harm."""


async def seed() -> None:
    """Create rows with your models here, such as `await Post.create(title="Hello")`."""
