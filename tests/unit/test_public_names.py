"""The names that `import spica` gives."""

from __future__ import annotations

import spica
from spica.middleware.pipeline import Middleware


def test_every_name_is_there() -> None:
    assert [name for name in spica.__all__ if not hasattr(spica, name)] == []


def test_middleware_is_one_of_them() -> None:
    assert spica.Middleware is Middleware
    assert "Middleware" in dir(spica)
