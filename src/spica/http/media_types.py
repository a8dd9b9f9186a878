"""Media types: what a file's suffix means, and splitting a Content-Type field.

Rules: our own table, not the machine's /etc/mime.types, because a response must not change with the host it runs on.
Text types carry `charset=utf-8`; an unknown suffix is application/octet-stream, which browsers download and never run.
"""

from __future__ import annotations

from functools import lru_cache

TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"
JSON = "application/json"
PROBLEM = "application/problem+json"
YAML = "application/yaml"
BYTES = "application/octet-stream"
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

SUFFIXES = {
    "7z": "application/x-7z-compressed",
    "aac": "audio/aac",
    "atom": "application/atom+xml",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "css": "text/css; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "epub": "application/epub+zip",
    "flac": "audio/flac",
    "gif": "image/gif",
    "gz": "application/gzip",
    "htm": HTML,
    "html": HTML,
    "ico": "image/x-icon",
    "ics": "text/calendar; charset=utf-8",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript; charset=utf-8",
    "json": JSON,
    "jsonld": "application/ld+json",
    "m4a": "audio/mp4",
    "map": JSON,
    "md": "text/markdown; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "odt": "application/vnd.oasis.opendocument.text",
    "ogg": "audio/ogg",
    "otf": "font/otf",
    "pdf": "application/pdf",
    "png": "image/png",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "rss": "application/rss+xml",
    "svg": "image/svg+xml",
    "tar": "application/x-tar",
    "tiff": "image/tiff",
    "ttf": "font/ttf",
    "txt": TEXT,
    "wasm": "application/wasm",
    "wav": "audio/wav",
    "weba": "audio/webm",
    "webm": "video/webm",
    "webmanifest": "application/manifest+json",
    "webp": "image/webp",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml; charset=utf-8",
    "zip": "application/zip",
}


def type_of(path: str) -> str:
    """Name the media type of a file by its suffix.

    Args:    path: a path or file name; only what follows the last dot counts, in any case.
    Returns: the type with its charset; application/octet-stream when the suffix is unknown or absent.
    """
    name = path.rpartition("/")[2]
    _, dot, suffix = name.rpartition(".")
    return SUFFIXES.get(suffix.lower(), BYTES) if dot else BYTES


@lru_cache(maxsize=256)
def essence(content_type: str | None) -> str:
    """Strip the parameters from a Content-Type field.

    Args:    content_type: the field's value, or None when absent.
    Returns: `type/subtype` in lower case; "" when absent.
    Source:  RFC 9110 section 8.3.1.
    """
    if not content_type:
        return ""
    return content_type.partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """Tell whether a media type (without parameters) is JSON or built on it, such as application/problem+json."""
    return media_type == JSON or media_type.endswith("+json")
