"""Which serializer a client is served by."""

from __future__ import annotations

import pytest

from spica.channels.message import Message
from spica.channels.serializer import V1, V2, Serializer, find_serializer, guess_serializer
from spica.errors.http import BadRequest
from spica.http.errors import UnencodableValue


def test_the_version_is_named_by_the_client() -> None:
    assert find_serializer("2.0.0") is V2
    assert find_serializer("1.0.0") is V1
    assert find_serializer(None) is find_serializer("") is None


@pytest.mark.parametrize("vsn", ["3.0.0", "x", "0", "20"])
def test_a_version_that_there_is_not(vsn: str) -> None:
    with pytest.raises(BadRequest, match=r"1\.0\.0 and 2\.0\.0"):
        find_serializer(vsn)


def test_without_one_the_first_frame_tells() -> None:
    assert guess_serializer(' {"topic":"t"}') is V1
    assert guess_serializer("[]") is guess_serializer(b"\x00") is guess_serializer("") is V2


@pytest.mark.parametrize("serializer", [V1, V2])
def test_an_error_names_the_payload_and_not_the_frame_around_it(serializer: Serializer) -> None:
    message = Message("1", "2", "room:7", "say", {})
    for write in (
        lambda: serializer.write_reply(message, "ok", {"at": object()}),
        lambda: serializer.write_push("1", "room:7", "said", {"at": object()}),
    ):
        with pytest.raises(UnencodableValue, match="a dict can't become JSON: no JSON form for object"):
            write()
    with pytest.raises(UnencodableValue, match="a set can't become JSON"):
        serializer.write_push("1", "room:7", "said", {object()})
