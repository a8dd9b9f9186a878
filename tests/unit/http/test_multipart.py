"""spica.http.multipart: hostile forms, whole and in any pieces; RFC 7578."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spica.errors.http import BadRequest, ContentTooLarge
from spica.http import multipart
from spica.http.multipart import MAX_PARTS, MAX_TEXT_BYTES, parse_in_steps, parse_multipart
from spica.http.octets import MemoryOctets
from spica.http.uploads import UploadFile
from spica.http.url import nest

TYPE = "multipart/form-data; boundary=XyZ"


def part(name: str, content: bytes, *, filename: str | None = None, extra: str = "") -> bytes:
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    return f"--XyZ\r\nContent-Disposition: {disposition}\r\n{extra}\r\n".encode() + content + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--XyZ--\r\n"


def shown(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [
        (name, (value.filename, value.content_type, value.content) if isinstance(value, UploadFile) else value)
        for name, value in pairs
    ]


MIXED = body(
    part("post[title]", "Grüße".encode()),
    part("a", b"\r\n--Xy\r\n--XyY\r\n\r\n" * 3, filename="a.bin", extra="Content-Type: image/png\r\n"),
    part("empty", b"", filename="empty.txt"),
    part("none", b"", filename=""),
    part("b", b"--XyZ", filename="b.bin", extra="X-Padding:" + " " * 3_000 + "x\r\n"),
    part("last", b"1"),
)
MIXED_PAIRS = [
    ("post[title]", "Grüße"),
    ("a", ("a.bin", "image/png", b"\r\n--Xy\r\n--XyY\r\n\r\n" * 3)),
    ("empty", ("empty.txt", "application/octet-stream", b"")),
    ("b", ("b.bin", "application/octet-stream", b"--XyZ")),
    ("last", "1"),
]


def steps_of(content: bytes, block: int, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    monkeypatch.setattr(multipart, "BLOCK_BYTES", block)
    steps = parse_in_steps(MemoryOctets(content), TYPE)
    pauses = 0
    while True:
        try:
            next(steps)
            pauses += 1
        except StopIteration as done:
            assert pauses >= len(MIXED) // block
            return shown(done.value)


def test_files_are_found_where_they_are() -> None:
    assert shown(parse_multipart(MIXED, TYPE)) == MIXED_PAIRS
    assert shown(parse_multipart(b"\r\n" + MIXED, TYPE)) == MIXED_PAIRS


# The parser wants the first delimiter whole, to refuse at once what is no form.
@pytest.mark.parametrize("block", [*range(16, 64), 100, 1_000, 4_096])
def test_a_form_means_the_same_in_blocks_of_any_size(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert steps_of(MIXED, block, monkeypatch) == MIXED_PAIRS


SMALL = body(part("a", b"\r\n--Xy"), part("f", b"\r\n-\r\n--XyZ "[:7], filename="f"))


@pytest.mark.parametrize("cut", range(len(SMALL)))
def test_a_form_that_ends_early_is_a_400_wherever_it_is_cut(cut: int) -> None:
    if cut >= len(SMALL) - 2:  # the line end after the last delimiter is no part of it
        assert shown(parse_multipart(SMALL[:cut], TYPE))[0] == ("a", "\r\n--Xy")
        return
    with pytest.raises(BadRequest, match="malformed"):
        parse_multipart(SMALL[:cut], TYPE)


@pytest.mark.parametrize("cut", range(1, len(SMALL)))
def test_any_octet_may_be_missing(cut: int) -> None:
    content = SMALL[: cut - 1] + SMALL[cut:]
    try:
        pairs = parse_multipart(content, TYPE)
    except (BadRequest, ContentTooLarge):
        return
    assert len(pairs) <= 2


@given(st.lists(st.tuples(st.text("ab[]", min_size=1, max_size=5), st.binary(max_size=60), st.booleans()), max_size=6))
def test_what_was_sent_is_what_arrives(parts: list[tuple[str, bytes, bool]]) -> None:
    parts = [one for one in parts if b"\r\n--XyZ" not in b"\r\n" + one[1]]
    content = body(*(part(name, data, filename="f" if is_file else None) for name, data, is_file in parts))
    expected = [(name, data if is_file else data.decode("utf-8", "replace")) for name, data, is_file in parts]
    found = parse_multipart(content, TYPE)
    assert [(name, value.content if isinstance(value, UploadFile) else value) for name, value in found] == expected


@given(st.binary(max_size=400))
def test_noise_is_a_4xx(noise: bytes) -> None:
    for content in (noise, b"--XyZ\r\n" + noise, MIXED + noise, b"--XyZ\r\n" + noise + b"\r\n\r\n--XyZ--\r\n"):
        try:
            parse_multipart(content, TYPE)
        except (BadRequest, ContentTooLarge):
            continue


def test_what_follows_the_last_delimiter_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(parse_multipart(MIXED + b"--XyZ\r\n" * 3, TYPE)) == MIXED_PAIRS
    assert steps_of(MIXED + b"epilogue" * 100, 50, monkeypatch) == MIXED_PAIRS


def test_a_hundred_thousand_parts_are_refused_at_the_limit() -> None:
    content = body(part("a", b"") * 100_000)
    with pytest.raises(ContentTooLarge, match="limit"):
        parse_multipart(content, TYPE)
    assert len(parse_multipart(body(part("a", b"") * MAX_PARTS), TYPE)) == MAX_PARTS


@pytest.mark.parametrize(
    "extra",
    [
        "X: " + "a" * 9_000 + "\r\n",
        "".join(f"X-{number}: {'a' * 1_500}\r\n" for number in range(6)),
        "".join(f"X-{number}: a\r\n" for number in range(1_000)),
    ],
)
def test_header_bombs_are_413(extra: str) -> None:
    with pytest.raises(ContentTooLarge):
        parse_multipart(body(part("a", b"1", extra=extra)), TYPE)


def test_texts_are_bounded_and_files_are_not() -> None:
    half = b"x" * (MAX_TEXT_BYTES // 2)
    whole = body(part("a", half), part("b", half), part("f", half * 3, filename="f"))
    assert [len(value) for _, value in parse_multipart(whole, TYPE)[:2]] == [len(half)] * 2
    with pytest.raises(ContentTooLarge, match="texts"):
        parse_multipart(body(part("a", half), part("b", half + b"x")), TYPE)


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ('filename="../../etc/passwd"', "passwd"),
        ('filename="C:\\\\fakepath\\\\cat.png"', "cat.png"),
        ('filename="a%22b.txt"', 'a"b.txt'),
        ('filename="a%0D%0AX: y"', "aX: y"),
        ('filename="..%2f..%2fx"', "%2f..%2fx"),
        ("filename=plain.txt", "plain.txt"),
        ("filename*=UTF-8''na%C3%AFve%20.txt", "naïve .txt"),
        ("filename*=iso-8859-1'en'%A3.txt", "£.txt"),
        ("filename*=UTF-8''..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("filename=\"a.txt\"; filename*=UTF-8''evil.exe", "a.txt"),
        ("filename*=UTF-8''%FF%FE.txt", "\ufffd\ufffd.txt"),
    ],
)
def test_a_file_has_a_harmless_name_however_it_is_written(disposition: str, filename: str) -> None:
    content = f'--XyZ\r\nContent-Disposition: form-data; name="f"; {disposition}\r\n\r\ndata\r\n--XyZ--\r\n'.encode()
    [(name, upload)] = parse_multipart(content, TYPE)
    assert (name, upload.filename, upload.content) == ("f", filename, b"data")


def test_a_nul_in_a_name_is_refused_or_left_out() -> None:
    content = body(part("f", b"data", filename="a.php\0.png"))
    try:
        [(_, upload)] = parse_multipart(content, TYPE)
    except BadRequest:
        return
    assert upload.filename == "a.php.png"


@pytest.mark.parametrize("charset", ["utf-7", "utf-16", "idna", "zlib", "rot13", "../x"])
def test_a_charset_that_could_hide_text_is_not_used(charset: str) -> None:
    content = body(part("a", b"+ADw-script+AD4-", extra=f"Content-Type: text/plain; charset={charset}\r\n"))
    assert parse_multipart(content, TYPE) == [("a", "+ADw-script+AD4-")]


JSON_PART = "Content-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'{"title": "Hi", "tags": ["a"], "stars": 3}', {"title": "Hi", "tags": ["a"], "stars": 3}),
        (b"[1, 2]", [1, 2]),
        (b'"a text"', "a text"),
        (b" 17 ", "17"),
        (b"true", "true"),
        (b"null", ""),
    ],
)
def test_a_part_that_says_it_is_json_is_decoded(content: bytes, value: object) -> None:
    assert parse_multipart(body(part("post", content, extra=JSON_PART)), TYPE) == [("post", value)]
    charset = "Content-Type: application/vnd.x+json; charset=utf-8\r\n"
    assert parse_multipart(body(part("post", content, extra=charset)), TYPE) == [("post", value)]


@pytest.mark.parametrize("content", [b"{", b"", b"NaN", b'"\xff"', b"[" * 200 + b"]" * 200, b"{} {}"])
def test_a_json_part_that_is_malformed_is_a_400_that_names_it(content: bytes) -> None:
    with pytest.raises(BadRequest, match="the part 'post' of the multipart form"):
        parse_multipart(body(part("post", content, extra=JSON_PART)), TYPE)


def test_a_file_that_says_it_is_json_stays_a_file() -> None:
    [(name, upload)] = parse_multipart(body(part("data", b"{}", filename="a.json", extra=JSON_PART)), TYPE)
    assert (name, upload.content) == ("data", b"{}")


def test_a_json_part_and_names_in_its_group_can_be_sent_together_but_not_contradict() -> None:
    both = body(part("post", b'{"title": "Hi"}', extra=JSON_PART), part("post[tags][]", b"a"))
    assert nest(parse_multipart(both, TYPE)) == {"post": {"title": "Hi", "tags": ["a"]}}
    twice = body(part("post", b'{"title": "Hi"}', extra=JSON_PART), part("post", b"x"))
    with pytest.raises(BadRequest):
        nest(parse_multipart(twice, TYPE))
