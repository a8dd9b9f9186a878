"""Decorators of routes."""

from __future__ import annotations

import pytest

from spica.routing import Router
from spica.routing.errors import InvalidPatternError


@pytest.mark.parametrize("decorator", ["get", "post", "put", "patch", "delete", "ws", "socket", "sse"])
def test_a_decorator_without_its_parentheses_is_refused(decorator: str) -> None:
    def hello() -> None: ...

    with pytest.raises(InvalidPatternError, match=f"@{decorator} has no pattern") as caught:
        getattr(Router(), decorator)(hello)
    assert "test_router.py:" in str(caught.value)
    assert f'@app.{decorator}("/hello")' in str(caught.value)
