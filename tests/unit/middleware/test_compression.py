"""Compression: what a pipeline says about responses that say nothing themselves."""

from __future__ import annotations

from typing import Any

import pytest

from spica.http.response import Response
from spica.middleware import Compression

CONTEXT: Any = None


@pytest.mark.parametrize(
    ("middleware", "length", "wanted"),
    [
        (Compression(), 1024, None),
        (Compression(), 1023, False),
        (Compression(threshold=10), 10, None),
        (Compression(with_credentials=True), 1024, True),
        (Compression(with_credentials=True), 1023, False),
        (Compression(enabled=False), 5000, False),
        (Compression(enabled=False, with_credentials=True), 5000, False),
    ],
)
def test_what_it_decides(middleware: Compression, length: int, wanted: bool | None) -> None:
    response = Response(b"x" * length)
    middleware.after(CONTEXT, response)
    assert response.compress is wanted


@pytest.mark.parametrize("own", [True, False])
def test_a_response_that_says_it_itself_is_left_alone(own: bool) -> None:
    response = Response(b"x" * 5000)
    response.compress = own
    Compression(enabled=not own, with_credentials=not own).after(CONTEXT, response)
    assert response.compress is own


def test_a_stream_has_no_threshold() -> None:
    response: Response = Response.stream(["one"])
    Compression(threshold=100).after(CONTEXT, response)
    assert response.compress is None
