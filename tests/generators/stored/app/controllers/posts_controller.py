from spica import before, paths

from app.controllers.application_controller import ApplicationController
from app.models.post import Post


class PostsController(ApplicationController):
    @before(only=["show", "edit", "update", "destroy"])
    async def load_post(self, id: int):
        self.post = await Post.find(id)

    async def index(self, page: int = 1):
        posts = await Post.order("-created_at").paginate(page)
        return self.render("index", posts=posts)

    async def show(self):
        return self.render("show", post=self.post)

    async def new(self):
        return self.render("new", post=Post())

    async def create(self):
        post = Post(self.post_params())
        if await post.save():
            return self.redirect_to(paths.post(post), notice="Post created")
        return self.render("new", post=post, status=422)

    async def edit(self):
        return self.render("edit", post=self.post)

    async def update(self):
        if await self.post.update(self.post_params()):
            return self.redirect_to(paths.post(self.post), notice="Post updated")
        return self.render("edit", post=self.post, status=422)

    async def destroy(self):
        await self.post.destroy()
        return self.redirect_to(paths.posts(), notice="Post deleted")

    def post_params(self):
        return self.params.require("post").permit("title", "body", "published")
