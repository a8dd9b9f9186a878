"""multipart/form-data: from the octets of a form to its fields and files.

Rules of this file:
- Bounded (parts, part headers, text in memory), strict, linear. The grammar is the `multipart` library's.
- A part that says it is JSON is decoded as JSON content is (OpenAPI's way of sending an object beside a file).
- The content is read block by block, wherever it is; a file in it is noted as a place and a length, not copied.
- Parsing is a generator that pauses after each block, so that a coroutine can let others run.
This module is imported when the first multipart form arrives, not at boot: the library pulls in tempfile and shutil.
Source: RFC 7578; RFC 5987 for a file name that comes as `filename*` alone, which RFC 7578 forbids and clients send.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from multipart import (  # type: ignore[import-untyped] # the library ships no types
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from spica.errors.http import BadRequest, ContentTooLarge
from spica.http import json, media_types
from spica.http.octets import BLOCK_BYTES, MemoryOctets, Octets, Slice
from spica.http.uploads import UploadFile

MAX_PARTS = 1_000
MAX_PART_HEADER_BYTES = 8_192
MAX_TEXT_BYTES = 4 * 1024 * 1024
"""All text fields together: they are in memory, files are not."""

Pairs = list[tuple[str, Any]]

_EXTENDED_NAME = re.compile(r";\s*filename\*\s*=\s*(utf-8|iso-8859-1)'[^']*'([^;\s\"]+)", re.IGNORECASE)


def parse_multipart(content: bytes, content_type: str, *, max_parts: int = MAX_PARTS) -> Pairs:
    """Split multipart content into names and values, in order.

    Args:    content: the whole content; content_type: its field, which names the boundary; max_parts: the most parts.
    Returns: pairs of name and text, or name and UploadFile; a file field left empty by the user is not there.
    Raises:  BadRequest when the content is malformed or cut short; ContentTooLarge beyond a limit.
    """
    steps = parse_in_steps(MemoryOctets(content), content_type, max_parts=max_parts)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return] # a generator's value is Any


def parse_in_steps(source: Octets, content_type: str, *, max_parts: int = MAX_PARTS) -> Generator[None, None, Pairs]:
    """Do what `parse_multipart` does, with a pause after each block; the generator's value is the result."""
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    try:
        parser = PushMultipartParser(
            boundary,
            content_length=source.content_length,
            max_header_size=MAX_PART_HEADER_BYTES,
            max_segment_count=max_parts,
            strict=True,
        )
        form = _Form(source, boundary.encode())
        with parser:
            offset = 0
            while block := source.read_content(offset, BLOCK_BYTES):
                offset += len(block)
                for event in parser.parse(block):
                    form.take(event)
                yield
                if form.complete:  # what stands after the last delimiter says nothing (RFC 2046 section 5.1.1)
                    break
        return form.pairs
    except ParserLimitReached as error:
        raise ContentTooLarge(f"the multipart form exceeds a limit: {error}") from error
    except (MultipartError, UnicodeError) as error:
        raise BadRequest(f"the multipart form is malformed: {error}") from error


@dataclass(slots=True)
class _Form:
    """What the events of a form have made so far.

    `position` is where the current delimiter begins. The parser says how long each part is; where it begins follows
    from that and from the end of its header, so that a file needs no copy.
    """

    source: Octets
    boundary: bytes
    pairs: Pairs = field(default_factory=list)
    position: int = -1
    start: int = 0
    text_left: int = MAX_TEXT_BYTES
    segment: MultipartSegment | None = None
    filename: str | None = None
    chunks: list[bytes] = field(default_factory=list)
    complete: bool = False

    def take(self, event: MultipartSegment | bytes | None) -> None:
        """Follow one event of the parser."""
        if isinstance(event, MultipartSegment):
            self._begin(event)
        elif event is None:
            self._end()
        elif self.filename is None:
            self.text_left -= len(event)
            if self.text_left < 0:
                raise ContentTooLarge(f"the texts of the form exceed {MAX_TEXT_BYTES} bytes")
            self.chunks.append(event)

    def _begin(self, segment: MultipartSegment) -> None:
        if sum(len(name) + len(value) + 4 for name, value in segment.headerlist) > MAX_PART_HEADER_BYTES:
            raise ContentTooLarge(f"the header of a part exceeds {MAX_PART_HEADER_BYTES} bytes")
        if self.position < 0:
            self.position = self.source.read_content(0, BLOCK_BYTES).find(b"--" + self.boundary)
        self.start = self._find_header_end()
        self.segment = segment
        self.filename = segment.filename if segment.filename is not None else _extended_name(segment)
        self.chunks = []

    def _find_header_end(self) -> int:
        skipped = len(self.boundary)
        # Nearly every header is in the first kilobyte. White space can stretch one to 8 lines of the parser's limit.
        for limit in (1_024, 9 * MAX_PART_HEADER_BYTES):
            end = self.source.read_content(self.position, skipped + limit).find(b"\r\n\r\n", skipped)
            if end >= 0:
                return self.position + end + 4
        raise BadRequest("the multipart form is malformed: the header of a part has no end")

    def _end(self) -> None:
        segment = self.segment
        assert segment is not None, "a part ends that never began"
        name, size = segment.name or "", segment.size
        if self.filename is None:
            octets = b"".join(self.chunks)
            is_json = media_types.is_json(media_types.essence(segment.content_type or ""))
            value = _decode_json(name, octets) if is_json else octets.decode(_charset(segment), "replace")
            self.pairs.append((name, value))
        elif self.filename or size:
            content = Slice(self.source, self.start, size)
            self.pairs.append((name, UploadFile(self.filename, content, segment.content_type or media_types.BYTES)))
        self.position = self.start + size + len(b"\r\n")
        after = self.position + len(b"--") + len(self.boundary)
        self.complete = self.source.read_content(after, 2) == b"--"


def _decode_json(name: str, octets: bytes) -> Any:
    """The value of a part that says that it is JSON, as clients send what is more than a text.

    Objects and lists are what they are in JSON content; a text is itself, and any other scalar the text of a form.
    """
    try:
        value = json.decode(octets)
    except BadRequest as error:
        raise BadRequest(f"the part {name!r} of the multipart form: {error.detail}") from error
    if isinstance(value, dict | list | str):
        return value
    return octets.decode().strip() if value is not None else ""


def _extended_name(segment: MultipartSegment) -> str | None:
    found = _EXTENDED_NAME.search(segment.header("Content-Disposition", ""))
    return unquote(found[2], encoding=found[1], errors="replace") if found else None


def _charset(segment: MultipartSegment) -> str:
    # RFC 7578 section 4.4 lets a part name its charset; only these can't be used to smuggle text past a filter.
    charset = (segment.charset or "utf-8").lower()
    return charset if charset in ("utf-8", "us-ascii", "iso-8859-1") else "utf-8"
