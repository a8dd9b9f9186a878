from spica.migrations import Migration


class CreateContacts(Migration):
    def change(self, m):
        with m.create_table("contacts") as t:
            t.string("name", limit=80, null=False)
            t.string("email", limit=200, null=False)
            t.timestamps()
        m.add_index("contacts", ["email"], unique=True)
