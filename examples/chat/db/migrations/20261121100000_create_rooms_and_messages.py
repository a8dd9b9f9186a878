from spica.migrations import Migration


class CreateRoomsAndMessages(Migration):
    def change(self, m):
        with m.create_table("rooms") as t:
            t.string("name", limit=30, null=False)
        m.add_index("rooms", ["name"], unique=True)
        with m.create_table("messages") as t:
            t.references("room", null=False, on_delete="cascade")
            t.string("author", limit=20, null=False)
            t.string("body", limit=500, null=False)
            t.datetime("created_at", null=False)
