"""The first page."""

from app.controllers.application_controller import ApplicationController


class HomeController(ApplicationController):
    async def index(self):
        return self.render("index")
