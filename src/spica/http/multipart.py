"""multipart/form-data: from the octets of a form to its fields and files.

Rules: bounded before it is parsed (parts, part headers), strict, linear. The grammar is the `multipart` library's.
This module is imported when the first multipart form arrives, not at boot: the library pulls in tempfile and shutil.
Source: RFC 7578.
"""

from __future__ import annotations

from typing import Any

from multipart import (  # type: ignore[import-untyped] # the library ships no types
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from spica.errors.http import BadRequest, ContentTooLarge
from spica.http import media_types
from spica.http.uploads import UploadFile

MAX_PARTS = 1_000
MAX_PART_HEADER_BYTES = 8_192


def parse_multipart(
    content: bytes, content_type: str, *, max_parts: int = MAX_PARTS, max_header_bytes: int = MAX_PART_HEADER_BYTES
) -> list[tuple[str, Any]]:
    """Split multipart content into names and values, in order.

    Args:    content: the whole content; content_type: its field, which names the boundary;
             max_parts, max_header_bytes: the most parts, and the most octets in the header of one.
    Returns: pairs of name and text, or name and UploadFile; a file field left empty by the user is not there.
    Raises:  BadRequest when the content is malformed or cut short; ContentTooLarge beyond a limit.
    """
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    try:
        parser = PushMultipartParser(
            boundary,
            content_length=len(content),
            max_header_size=max_header_bytes,
            max_segment_count=max_parts,
            strict=True,
        )
        return _collect(parser, content, max_header_bytes)
    except ParserLimitReached as error:
        raise ContentTooLarge(f"the multipart form exceeds a limit: {error}") from error
    except (MultipartError, UnicodeError) as error:
        raise BadRequest(f"the multipart form is malformed: {error}") from error


def _collect(parser: PushMultipartParser, content: bytes, max_header_bytes: int) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    segment: MultipartSegment | None = None
    chunks: list[bytes] = []
    with parser:
        for event in parser.parse(content):
            if isinstance(event, MultipartSegment):
                _check_header(event, max_header_bytes)
                segment, chunks = event, []
            elif event is not None:
                chunks.append(event)
            elif segment is not None:
                _append(pairs, segment, b"".join(chunks))
    return pairs


def _check_header(segment: MultipartSegment, max_header_bytes: int) -> None:
    if sum(len(name) + len(value) + 4 for name, value in segment.headerlist) > max_header_bytes:
        raise ContentTooLarge(f"the header of a part exceeds {max_header_bytes} bytes")


def _append(pairs: list[tuple[str, Any]], segment: MultipartSegment, content: bytes) -> None:
    name = segment.name or ""
    if segment.filename is None:
        pairs.append((name, content.decode(_charset(segment), "replace")))
    elif segment.filename or content:
        pairs.append((name, UploadFile(segment.filename, content, segment.content_type or media_types.BYTES)))


def _charset(segment: MultipartSegment) -> str:
    # RFC 7578 section 4.4 lets a part name its charset; only these can't be used to smuggle text past a filter.
    charset = (segment.charset or "utf-8").lower()
    return charset if charset in ("utf-8", "us-ascii", "iso-8859-1") else "utf-8"
