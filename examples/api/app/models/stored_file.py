from spica.orm import Model, Timestamps, field


class StoredFile(Model, Timestamps):
    """An upload: what it is called, and the name under which its octets are kept."""

    user_id: int = field(index=True)
    name: str = field(max=255)
    content_type: str = field(max=200)
    size: int
    stored_as: str = field(hidden=True)
