from spica.migrations import Migration


class CreatePosts(Migration):
    def change(self, m):
        with m.create_table("posts") as t:
            t.string("title", null=False)
            t.text("body", null=False)
            t.boolean("published", null=False, default=False)
            t.timestamps()
