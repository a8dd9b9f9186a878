"""Which address goes to which action. `spica routes` prints the table."""

from spica.routing import Routes


def draw(r: Routes) -> None:
    r.root("home#index")
    r.resources("posts")
