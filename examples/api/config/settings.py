"""Settings of our own: a class is a table of config/*.toml, and a handler that names it is given it."""

from spica.config import Section


class Storage(Section):
    """`[storage]`: where uploads are kept, relative to the application's folder."""

    folder: str
