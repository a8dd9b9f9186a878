from spica import paths, skip_before

from app.channels.chat_channel import UserSocket
from app.controllers.application_controller import ApplicationController


class SessionsController(ApplicationController):
    """Signing in is saying a name. A real application asks for more."""

    skip_before("require_name")

    async def new(self):
        return self.render("new", name="", mistake=None)

    async def create(self):
        name = str(self.params.get("name") or "").strip()
        if not 1 <= len(name) <= 20:
            return self.render("new", name=name, mistake="A name has 1 to 20 characters.", status=422)
        self.session.rotate()
        self.session["name"] = name
        return self.redirect_to(paths.root())

    async def destroy(self):
        name = self.session.get("name")
        self.session.clear()
        await UserSocket.disconnect(f"name:{name}")  # in every process; who is still signed in comes back at once
        return self.redirect_to(paths.new_session())
