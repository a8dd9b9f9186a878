"""spica.http.uploads and spica.http.octets: reading, seeking and saving without a copy."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from spica.http.octets import BLOCK_BYTES, MemoryOctets, Slice, SliceFile
from spica.http.uploads import UploadFile, clean_filename

LARGE = bytes(range(256)) * 3 * (BLOCK_BYTES // 256) + b"end"


def sliced(content: bytes = LARGE) -> UploadFile:
    return UploadFile("a.bin", Slice(MemoryOctets(b"before" + content + b"after"), 6, len(content)))


async def test_read_goes_on_where_it_stopped() -> None:
    upload = sliced(b"0123456789")
    assert [
        await upload.read(4),
        await upload.read(0),
        await upload.read(),
        await upload.read(),
        await upload.read(3),
    ] == [
        b"0123",
        b"",
        b"456789",
        b"",
        b"",
    ]
    await upload.seek(8)
    assert await upload.read() == b"89"
    await upload.seek(99)
    assert await upload.read() == b""
    with pytest.raises(ValueError, match="before the start"):
        await upload.seek(-1)
    assert (upload.content, upload.size, upload.peek(2)) == (b"0123456789", 10, b"01")


async def test_large_files_come_in_blocks() -> None:
    upload = sliced()
    blocks = [block async for block in upload]
    assert b"".join(blocks) == LARGE
    assert max(map(len, blocks)) == BLOCK_BYTES
    assert await upload.read() == LARGE
    assert [block async for block in sliced(b"")] == []


def test_the_file_is_one_that_libraries_read() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", "hello")
    upload = sliced(packed.getvalue())
    with zipfile.ZipFile(upload.file) as archive:
        assert archive.read("a.txt") == b"hello"
    assert upload.file is upload.file


def test_a_slice_never_leaves_its_bounds() -> None:
    file = SliceFile(Slice(MemoryOctets(b"0123456789"), 3, 4))
    assert file.read() == b"3456"
    assert file.seek(-2, io.SEEK_END) == 2
    assert (file.read(99), file.tell(), file.read(1)) == (b"56", 4, b"")
    file.seek(100)
    assert file.read() == b""
    with pytest.raises(ValueError, match="before the start"):
        file.seek(-1)


async def test_saving_writes_all_and_never_overwrites_unless_told(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    assert (await sliced().save_to(target)).read_bytes() == LARGE
    with pytest.raises(FileExistsError):
        await sliced(b"x").save_to(target)
    assert target.read_bytes() == LARGE
    await sliced(b"x").save_to(target, overwrite=True)
    assert target.read_bytes() == b"x"


def test_blocks_come_without_waiting() -> None:
    assert b"".join(UploadFile("a", LARGE).blocks()) == LARGE


async def test_what_can_not_be_written_whole_leaves_nothing(tmp_path: Path) -> None:
    class Torn(MemoryOctets):
        def read_content(self, offset: int, limit: int, /) -> bytes:
            if offset:
                raise OSError("disk")
            return super().read_content(offset, limit)

    upload = UploadFile("a", Slice(Torn(LARGE), 0, len(LARGE)))
    with pytest.raises(OSError, match="disk"):
        await upload.save_to(tmp_path / "a")
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("claimed", "kept"),
    [
        ("photo\u202egnp.exe", "photognp.exe"),
        ("a\ud800b.txt", "ab.txt"),
        ("é" * 200 + ".png", "é" * 125 + ".png"),
        ("con\r\nSet-Cookie: a", "conSet-Cookie: a"),
        ("....//....//x", "x"),
        ("/etc/", ""),
        ("~root", "~root"),
        ("a" * 300 + "." + "b" * 254, "b" * 254),
        ("a" * 300 + ". ." + "b" * 253, "b" * 253),
    ],
)
def test_names_are_cleaned(claimed: str, kept: str) -> None:
    assert clean_filename(claimed) == kept
    assert len(clean_filename(claimed).encode()) <= 255
