"""Templates from text: `views` writes files and loads them, `render` renders one text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spica.templates import Templates

Views = Callable[..., Templates]
Render = Callable[..., str]


@pytest.fixture
def views(tmp_path: Path) -> Views:
    """Write files given as name to text, and load them."""

    def write(files: dict[str, str], **options: Any) -> Templates:
        for name, text in files.items():
            path = tmp_path / f"{name}.html"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Templates(tmp_path, **options)

    return write


@pytest.fixture
def render(views: Views) -> Render:
    """Render one text with arguments; a helper is given with `helpers={...}`."""

    def run(text: str, /, helpers: dict[str, object] | None = None, **locals: object) -> str:
        return views({"page": text}, globals=helpers, reload=True).render("page", **locals)

    return run
