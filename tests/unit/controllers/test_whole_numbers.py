"""Numbers as JSON Schema has them: 1.0 is an integer, 1.5 is none."""

from __future__ import annotations

import msgspec
import pytest

from spica.controllers.codecs import find_codec
from spica.controllers.convert import build_text_converter
from spica.injection.errors import RefusedValue
from spica.injection.types import without_null


class Line(msgspec.Struct):
    amounts: list[int]
    price: float = 0.5


def test_whole_floats_are_integers() -> None:
    codec = find_codec(Line)
    assert codec.decode(b'{"amounts": [1.0, 2], "price": 3.0}') == Line([1, 2], 3.0)
    for wrong in (b"1.5", b"1e300", b"true"):
        with pytest.raises(RefusedValue):
            codec.decode(b'{"amounts": [1.0, %s]}' % wrong)


def test_null_is_a_text_where_none_is_sent_by_sending_nothing() -> None:
    convert = build_text_converter(without_null(int | None))
    assert convert is not None
    assert convert("7") == 7
    with pytest.raises(msgspec.ValidationError):
        convert("null")
