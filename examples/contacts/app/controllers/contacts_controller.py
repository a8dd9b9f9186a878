from spica import Controller, before, paths

from app.models.contact import Contact


class ContactsController(Controller):
    """Each action answers browsers with a page, and htmx with the part of it that it swaps."""

    @before(only=["show", "edit", "update", "destroy"])
    async def load_contact(self, id: int):
        self.contact = await Contact.find(id)

    async def index(self, q: str = "", page: int = 1):
        found = Contact.where(Contact.name.contains(q)) if q else Contact.all()
        contacts = await found.order("name").paginate(page, per=10)
        # htmx swaps #rows: by what was found, or behind them. #more and #count are sent besides.
        return self.render("index", contacts=contacts, q=q, oob=["more", "count"])

    async def show(self):
        return self.render("show", fragment=self.part("row"))

    async def new(self):
        return self.render("new", contact=Contact())

    async def check(self):
        """Validate what is being typed; htmx gets the field that asked, by the id of its target."""
        contact = Contact(self.contact_params())
        await contact.valid()
        return self.render("new", contact=contact)

    async def create(self):
        contact = Contact(self.contact_params())
        if await contact.save():
            return self.redirect_to(paths.contacts(), notice=f"{contact.name} was added")
        return self.render("new", contact=contact, status=422)

    async def edit(self):
        return self.render("edit", fragment=self.part("row"))

    async def update(self):
        if not await self.contact.update(self.contact_params()):
            return self.render("edit", fragment=self.part("row"), status=422)
        if self.htmx.wants_fragment:
            return self.render("show", fragment="row")
        return self.redirect_to(paths.contacts(), notice=f"{self.contact.name} was changed")

    async def destroy(self):
        await self.contact.destroy()
        return self.redirect_to(paths.contacts(), notice=f"{self.contact.name} was deleted")

    def contact_params(self):
        return self.params.require("contact").permit("name", "email")

    def part(self, name: str) -> str | None:
        """A fragment for htmx, the page for everyone else."""
        return name if self.htmx.wants_fragment else None
