"""The Spica application that serves the measured files: they lie in public/, and there is no code for them."""

from benchmarks import places
from spica import App

app = App(root=places.SITE)
