"""The application: `spica server` and `uvicorn main:app` both start here."""

from pathlib import Path

from spica import App

app = App(root=Path(__file__).parent)
