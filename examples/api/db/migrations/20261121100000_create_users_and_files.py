from spica.migrations import Migration


class CreateUsersAndFiles(Migration):
    def change(self, m):
        with m.create_table("users") as t:
            t.string("email", limit=200, null=False)
            t.string("password_hash", null=False)
            t.string("key_digest", null=False, default="")
            t.timestamps()
        m.add_index("users", ["email"], unique=True)
        m.add_index("users", ["key_digest"])
        with m.create_table("stored_files") as t:
            t.references("user", null=False)
            t.string("name", limit=255, null=False)
            t.string("content_type", limit=200, null=False)
            t.integer("size", null=False)
            t.string("stored_as", null=False)
            t.timestamps()
