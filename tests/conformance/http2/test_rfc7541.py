"""RFC 7541: the compression of fields, as a decoder must understand it."""

from __future__ import annotations

import pytest

from tests.conformance.http2.connection import (
    COMPRESSION_ERROR,
    END_HEADERS,
    END_STREAM,
    HEADER_TABLE_SIZE,
    HEADERS,
    Connection,
    block,
    frame,
    head,
    integer,
    literal,
    settings,
)

# "user-agent" and "a value, compressed" by the code of appendix B, as the hpack library writes them.
HUFFMAN_NAME = bytes.fromhex("b505b161cc5a93")
HUFFMAN_VALUE = bytes.fromhex("1a9dc745a5fa5087a6bb0a84164f")


def send(client: Connection, encoded: bytes, stream: int = 1) -> None:
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, encoded))


def test_2_3_1_indexed_fields_of_the_static_table(client: Connection) -> None:
    send(client, bytes((0x82, 0x84, 0x86)) + literal(":authority", "localhost"))
    client.answers()


@pytest.mark.parametrize("first", [0x40, 0x00, 0x10])
def test_6_2_literals_with_an_indexed_name(client: Connection, first: int) -> None:
    send(client, head() + integer(58, 6 if first == 0x40 else 4, first) + b"\x05agent")
    client.answers()


@pytest.mark.parametrize("first", [b"\x40", b"\x00", b"\x10"])
def test_6_2_literals_with_a_new_name(client: Connection, first: bytes) -> None:
    send(client, head() + first + b"\x06x-name\x05value")
    client.answers()


def test_2_3_2_a_field_of_the_dynamic_table(client: Connection) -> None:
    send(client, head("GET", "/seen") + b"\x40\x06x-name\x05value" + bytes((0x80 | 62,)))
    assert client.answer().content.count(b'["x-name","value"]') == 2


def test_2_3_2_the_table_outlives_a_request(client: Connection) -> None:
    send(client, head() + b"\x40\x06x-name\x05value")
    client.answers()
    send(client, head("GET", "/seen") + bytes((0x80 | 62,)), 3)
    assert client.answer(3).content.count(b'["x-name","value"]') == 1


@pytest.mark.parametrize("name", [b"\x0auser-agent", bytes((0x80 | len(HUFFMAN_NAME),)) + HUFFMAN_NAME])
@pytest.mark.parametrize("value", [b"\x05value", bytes((0x80 | len(HUFFMAN_VALUE),)) + HUFFMAN_VALUE])
def test_5_2_plain_and_compressed_texts(client: Connection, name: bytes, value: bytes) -> None:
    send(client, head() + b"\x00" + name + value)
    client.answers()


def test_2_3_3_an_index_beyond_the_tables(client: Connection) -> None:
    send(client, head() + bytes((0x80 | 70,)))
    client.fails(COMPRESSION_ERROR)


def test_2_3_3_a_names_index_beyond_the_tables(client: Connection) -> None:
    send(client, head() + integer(70, 6, 0x40) + b"\x05value")
    client.fails(COMPRESSION_ERROR)


def test_4_2_a_size_update_at_the_end(client: Connection) -> None:
    send(client, head() + integer(1, 5, 0x20))
    client.fails(COMPRESSION_ERROR)


def test_6_3_a_size_update_first(client: Connection) -> None:
    send(client, integer(128, 5, 0x20) + head())
    client.answers()


def test_6_3_two_size_updates_first(client: Connection) -> None:
    send(client, integer(128, 5, 0x20) + integer(1024, 5, 0x20) + head())
    client.answers()


def test_6_3_a_size_update_beyond_the_limit(client: Connection) -> None:
    send(client, integer(1 << 20, 5, 0x20) + head())
    client.fails(COMPRESSION_ERROR)


def test_4_3_a_table_of_nothing_evicts(client: Connection) -> None:
    send(client, head() + b"\x40\x06x-name\x05value")
    client.answers()
    send(client, integer(0, 5, 0x20) + head() + bytes((0x80 | 62,)), 3)
    client.fails(COMPRESSION_ERROR)


def test_5_2_padding_longer_than_seven_bits(client: Connection) -> None:
    send(client, head() + b"\x00\x85\xf2\xb2\x4a\x84\xff\x84\x49\x50\x9f\xff")
    client.fails(COMPRESSION_ERROR)


def test_5_2_padding_of_zeros(client: Connection) -> None:
    send(client, head() + b"\x00\x85\xf2\xb2\x4a\x84\xff\x83\x49\x50\x90")
    client.fails(COMPRESSION_ERROR)


def test_5_2_the_end_of_text_symbol(client: Connection) -> None:
    send(client, head() + b"\x00\x85\xf2\xb2\x4a\x84\xff\x87\x49\x50\x9f\xff\xff\xff\xd3")
    client.fails(COMPRESSION_ERROR)


def test_5_1_an_integer_without_end(client: Connection) -> None:
    send(client, head() + b"\xff" + b"\xff" * 20 + b"\x01")
    client.fails(COMPRESSION_ERROR)


def test_5_2_a_text_beyond_its_block(client: Connection) -> None:
    send(client, head() + b"\x00\x7fshort")
    client.fails(COMPRESSION_ERROR)


def test_6_1_index_0(client: Connection) -> None:
    send(client, head() + b"\x80")
    client.fails(COMPRESSION_ERROR)


def test_6_3_our_table_may_be_made_smaller(client: Connection) -> None:
    client.send(settings((HEADER_TABLE_SIZE, 0)))
    for stream in (1, 3):
        client.request(stream)
        client.answers(stream)


def test_7_1_3_never_indexed_fields_arrive(client: Connection) -> None:
    send(
        client,
        block((":method", "GET"), (":scheme", "http"), (":path", "/seen"), (":authority", "a")) + b"\x10\x01x\x01y",
    )
    assert b'["x","y"]' in client.answer().content
