"""Files in signatures: limits, types, lists, and what is refused at boot."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest

from spica import Body, File, Form, Query, UploadFile
from spica.controllers.files import write_size
from spica.errors.http import BadRequest, UnsupportedMediaType
from tests.unit.controllers.requests import context, errors_of, form, multipart, read, refused_signature, typed

PNG = b"\x89PNG\r\n\x1a\n"


class PostIn(msgspec.Struct):
    title: str


def test_a_file_is_found_by_its_name() -> None:
    upload = read(typed(UploadFile), multipart(("value", "a.txt", b"data", "text/plain")))
    assert (upload.filename, upload.content_type, upload.content) == ("a.txt", "text/plain", b"data")
    assert read(typed(Annotated[UploadFile, File("cover")]), multipart(("cover", "b", b"x"))).filename == "b"
    assert read(typed(Annotated[bytes, File()]), multipart(("value", "b", b"x"))) == b"x"


def test_what_is_not_there_is_missing_or_the_default() -> None:
    for empty in (multipart(), multipart(("value", "", b"")), context()):
        assert errors_of(typed(UploadFile), empty) == [("value", "missing")]
        assert read(typed(UploadFile | None), empty) is None
        assert read(typed(UploadFile | None, None), empty) is None
        assert read(typed(list[UploadFile], []), empty) == []
    assert errors_of(typed(UploadFile), multipart(("value", None, b"text"))) == [("value", "type")]


@pytest.mark.parametrize("name", ["value", "value[]"])
def test_lists_of_files(name: str) -> None:
    sent = multipart((name, "a", b"A"), (name, "b", b"B"))
    assert [one.content for one in read(typed(list[UploadFile]), sent)] == [b"A", b"B"]
    assert read(typed(UploadFile), sent).content == b"B", "of several the last, as of texts"


def test_numbered_files_are_a_list() -> None:
    sent = multipart(("value[1]", "b", b"B"), ("value[0]", "a", b"A"))
    assert [one.content for one in read(typed(tuple[UploadFile, ...]), sent)] == [b"A", b"B"]


def test_limits_are_told_per_file_beside_other_errors() -> None:
    def handler(
        files: Annotated[list[UploadFile], File(max_size=4, types=["image/png", "text/*"])],
        title: Annotated[str, Form()],
        page: Annotated[int, Query()] = 1,
    ) -> None: ...

    assert errors_of(
        handler,
        multipart(
            ("files", "a", b"12345", "text/plain"),
            ("files", "b", b"1234", "text/plain"),
            ("files", "c", b"1", "application/pdf"),
            ("files", "d", b"1", "image/png"),
        ),
    ) == [
        ("files[0]", "too_large"),
        ("files[2]", "media_type"),
        ("files[3]", "media_type"),
        ("title", "missing"),
    ]


def test_a_claimed_type_must_begin_as_that_type_does() -> None:
    function = typed(Annotated[UploadFile, File(types=["image/*"])])
    assert read(function, multipart(("value", "a.png", PNG + b"...", "image/png"))).size == 11
    assert read(function, multipart(("value", "a.xyz", b"any", "image/x-xyz"))).size == 3
    assert errors_of(function, multipart(("value", "a.png", b"<script>", "image/png"))) == [("value", "media_type")]
    assert errors_of(function, multipart(("value", "a.png", PNG))) == [("value", "media_type")]


def test_a_file_needs_a_multipart_form() -> None:
    for ctx in (form(("value", "x")), context(b"{}", "application/json"), context(b"x", "image/png")):
        with pytest.raises(UnsupportedMediaType, match="multipart/form-data"):
            read(typed(UploadFile), ctx)
    with pytest.raises(BadRequest, match="malformed"):
        read(typed(UploadFile), context(b"--XyZ\r\n", "multipart/form-data; boundary=XyZ"))


def test_a_record_beside_a_file_is_the_rest_of_the_form() -> None:
    def handler(post: PostIn, cover: UploadFile) -> Any:
        return post.title, cover.content

    def marked(post: Annotated[PostIn, Form("post")], cover: Annotated[UploadFile, File("post[cover]")]) -> Any:
        return post.title, cover.content

    assert read(handler, multipart(("title", None, b"T"), ("cover", "a", b"A"))) == ("T", b"A")
    assert read(marked, multipart(("post[title]", None, b"T"), ("post[cover]", "a", b"A"))) == ("T", b"A")


def test_signatures_that_can_not_be_meant() -> None:
    def json_beside(post: Annotated[PostIn, Body()], cover: UploadFile) -> None: ...
    def text(cover: Annotated[str, File()]) -> None: ...
    def two(a: PostIn, b: Annotated[PostIn, Form()]) -> None: ...

    assert "'post' is a Body() beside the file 'cover'" in refused_signature(json_beside).what
    assert "'cover' is marked File(), and is str" in refused_signature(text).what
    assert "two parameters read the body" in refused_signature(two).what
    for type_ in (UploadFile, PostIn, Annotated[str, Form()], Annotated[dict[str, int], Body()]):
        for method in ("GET", "HEAD"):
            refused = refused_signature(typed(type_), method=method)
            assert f"a {method} request has none" in refused.what


def test_sizes_are_written_for_people() -> None:
    sizes = (5_000_000, 2**20, 64 * 1024, 1_500, 1_000, 2**30)
    assert [write_size(size) for size in sizes] == ["5 MB", "1 MiB", "64 KiB", "1500 bytes", "1 kB", "1 GiB"]
