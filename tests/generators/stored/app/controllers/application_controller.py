"""The controller that all others build on."""

from spica import Controller


class ApplicationController(Controller):
    """Put here what every action of the application shares."""
