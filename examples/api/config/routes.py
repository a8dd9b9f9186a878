"""Which address goes to which handler. `spica routes` prints the table."""

from spica.routing import Routes

from app.api import accounts, feed, files


def draw(r: Routes) -> None:
    r.mount("/api", accounts.public, pipe="public")
    for router in (accounts.private, files.router, feed.router):
        r.mount("/api", router, pipe="private")
