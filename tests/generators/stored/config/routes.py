"""Which address goes to which action. `spica routes` prints the table."""

from spica.routing import Routes

from app.channels.user_socket import UserSocket


def draw(r: Routes) -> None:
    r.root("home#index")
    r.resources("posts")
    r.socket("/socket", UserSocket)
