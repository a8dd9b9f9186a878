from spica.orm import Model, Text, Timestamps, validates


class Post(Model, Timestamps):
    title: str
    body: Text
    published: bool = False

    validates("title", presence=True)
    validates("body", presence=True)
