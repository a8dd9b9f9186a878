from spica import Controller, before, paths


class ApplicationController(Controller):
    """What all pages need: a name."""

    @before
    def require_name(self):
        self.me = self.session.get("name")
        if not self.me:
            return self.redirect_to(paths.new_session())
