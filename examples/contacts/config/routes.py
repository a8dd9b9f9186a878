"""Which address goes to which action. `spica routes` prints the table."""

from spica.routing import Routes


def draw(r: Routes) -> None:
    r.root("contacts#index")
    r.post("/contacts/check", "contacts#check", name="check_contact")
    r.resources("contacts")
