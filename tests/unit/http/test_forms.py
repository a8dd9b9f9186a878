"""spica.http.forms and spica.http.multipart."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spica.errors.http import BadRequest, ContentTooLarge, UnsupportedMediaType
from spica.http.forms import parse_form
from spica.http.multipart import MAX_PARTS, parse_multipart
from spica.http.uploads import UploadFile

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=XyZ"
BOUNDARIES = ["multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary="\n"']
PNG = b"\x89PNG\r\n\0"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def part(name: str, content: bytes, *, filename: str | None = None, extra: str = "") -> bytes:
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    return f"--XyZ\r\nContent-Disposition: {disposition}\r\n{extra}\r\n".encode() + content + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--XyZ--\r\n"


def test_urlencoded_with_nested_names() -> None:
    assert parse_form(b"post[title]=Hi+there&post[tags][]=a&post[tags][]=%C3%A9", f"{URLENCODED}; charset=utf-8") == {
        "post": {"title": "Hi there", "tags": ["a", "é"]}
    }


def test_no_content_is_an_empty_form() -> None:
    assert parse_form(b"", None) == {}
    assert parse_form(b"", URLENCODED) == {}


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/mixed; boundary=x", None])
def test_content_that_is_no_form_is_415(content_type: str | None) -> None:
    with pytest.raises(UnsupportedMediaType, match="a form is read from"):
        parse_form(b"a=1", content_type)


@given(st.dictionaries(TEXT.filter(lambda name: "[" not in name), TEXT, max_size=10))
def test_urlencoded_reverses_urlencode(values: dict[str, str]) -> None:
    assert parse_form(urlencode(values).encode(), URLENCODED) == values


@given(st.binary(max_size=300))
def test_any_urlencoded_content_parses_or_is_a_400(content: bytes) -> None:
    try:
        form = parse_form(content, URLENCODED)
    except BadRequest:
        return
    assert isinstance(form, dict)


def test_rfc7578_fields_and_files() -> None:
    form: Any = parse_form(
        body(
            part("post[title]", "Grüße".encode()),
            part(
                "post[image]", b"\x89PNG\r\n\0", filename="C:\\fakepath\\cat.png", extra="Content-Type: image/png\r\n"
            ),
            part("post[tags][]", b"a"),
            part("post[tags][]", b"b"),
        ),
        MULTIPART,
    )
    image = form["post"].pop("image")
    assert isinstance(image, UploadFile)
    assert form == {"post": {"title": "Grüße", "tags": ["a", "b"]}}
    assert (image.filename, image.content_type, image.content, image.size) == (
        "cat.png",
        "image/png",
        b"\x89PNG\r\n\0",
        7,
    )


def test_a_file_field_left_empty_is_absent() -> None:
    assert parse_form(body(part("image", b"", filename="")), MULTIPART) == {}


def test_an_empty_file_with_a_name_is_a_file() -> None:
    form = parse_form(body(part("image", b"", filename="empty.txt")), MULTIPART)
    assert form["image"].size == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no boundary at all",
        b"--XyZ\r\n",
        part("a", b"1"),
        b"--XyZ\r\nContent-Disposition: form-data\r\n\r\n1\r\n--XyZ--\r\n",
        b"--XyZ\r\n\r\n1\r\n--XyZ--\r\n",
        b"--XyZ\nContent-Disposition: form-data; name=a\n\n1\n--XyZ--\n",
        b'--XyZ\r\nContent-Disposition: attachment; name="a"\r\n\r\n1\r\n--XyZ--\r\n',
        b'--XyZ\r\nContent-Disposition: form-data; name="a"\r\nContent-Length: 9\r\n\r\n1\r\n--XyZ--\r\n',
    ],
)
def test_malformed_multipart_is_400(content: bytes) -> None:
    with pytest.raises(BadRequest, match="malformed"):
        parse_form(content, MULTIPART)


@pytest.mark.parametrize("content_type", BOUNDARIES)
def test_a_boundary_that_is_missing_or_impossible_is_400(content_type: str) -> None:
    with pytest.raises(BadRequest):
        parse_form(body(part("a", b"1")), content_type)


def test_the_part_limit_is_exact() -> None:
    parts = [part(f"f{number}", b"1") for number in range(MAX_PARTS + 1)]
    assert len(parse_multipart(body(*parts[:MAX_PARTS]), MULTIPART)) == MAX_PARTS
    with pytest.raises(ContentTooLarge, match="limit"):
        parse_multipart(body(*parts), MULTIPART)


@pytest.mark.parametrize("lines", [["X: " + "a" * 9_000], ["X: " + "a" * 3_000] * 3])
def test_part_headers_are_limited_to_8_kib_in_one_line_and_in_total(lines: list[str]) -> None:
    extra = "".join(f"{line}\r\n" for line in lines)
    with pytest.raises(ContentTooLarge):
        parse_multipart(body(part("a", b"1", extra=extra)), MULTIPART)


@given(st.binary(max_size=200), st.integers(0, 400))
def test_multipart_cut_or_changed_anywhere_is_values_or_a_4xx(noise: bytes, position: int) -> None:
    whole = body(part("a", b"text"), part("f", b"\r\n--Xy\r\n--XyY" * 3, filename="f.bin"))
    for content in (whole[:position], whole[:position] + noise + whole[position:]):
        try:
            pairs = parse_multipart(content, MULTIPART)
        except (BadRequest, ContentTooLarge):
            continue
        assert all(isinstance(value, (str, UploadFile)) for _, value in pairs)


@given(st.binary(max_size=500).filter(lambda content: b"\r\n--XyZ" not in content))
def test_file_content_arrives_octet_by_octet(content: bytes) -> None:
    [(name, upload)] = parse_multipart(body(part("f", content, filename="f.bin")), MULTIPART)
    assert (name, upload.content) == ("f", content)


def test_a_hostile_body_takes_linear_time() -> None:
    def seconds(size: int) -> float:
        content = body(part("f", b"\r\n--Xy" * (size // 6), filename="f.bin"))
        start = time.thread_time()
        parse_multipart(content, MULTIPART)
        return time.thread_time() - start

    assert min(seconds(1_000_000) for _ in range(3)) < 40 * min(seconds(100_000) for _ in range(5)) + 0.01


@pytest.mark.parametrize(
    ("claimed", "kept"),
    [
        ("cat.png", "cat.png"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/", ""),
        ("..", ""),
        (".bashrc", "bashrc"),
        ("a\0b\n.txt", "ab.txt"),
        ("x" * 300 + ".png", "x" * 251 + ".png"),
    ],
)
def test_a_file_name_has_no_folders_and_no_control_bytes(claimed: str, kept: str) -> None:
    assert UploadFile(claimed, b"").filename == kept


def test_saving_never_overwrites(tmp_path: Any) -> None:
    upload = UploadFile("a.txt", b"new")
    assert upload.save(tmp_path / "a.txt").read_bytes() == b"new"
    with pytest.raises(FileExistsError):
        upload.save(tmp_path / "a.txt")
