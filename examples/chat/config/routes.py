"""Which address goes to which action. `spica routes` prints the table."""

from spica.routing import Routes

from app.channels.chat_channel import UserSocket


def draw(r: Routes) -> None:
    r.root("rooms#index")
    r.resource("session", only=["new", "create", "destroy"])
    with r.resources("rooms", only=["show", "create"]):
        r.resources("messages", only=["create"])
    r.socket("/socket", UserSocket)
