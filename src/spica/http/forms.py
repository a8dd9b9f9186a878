"""Forms: the content of a request as names and values, urlencoded or multipart.

Rules: the media type decides; nothing is guessed from the octets. Limits are those of `url.py` and `multipart.py`.
"""

from __future__ import annotations

from typing import Any

from spica.errors.http import UnsupportedMediaType
from spica.http import media_types
from spica.http.url import nest, parse_pairs

FORM_TYPES = (media_types.URLENCODED, media_types.MULTIPART)


def parse_form(content: bytes, content_type: str | None) -> dict[str, Any]:
    """Decode a form into nested dicts, lists, texts and UploadFiles.

    Args:    content: the whole content; content_type: its field, None when absent.
    Returns: `post[title]=Hi&post[tags][]=a` is {"post": {"title": "Hi", "tags": ["a"]}}; {} for no content.
    Raises:  UnsupportedMediaType when it is no form; BadRequest when it is malformed, too deep, of more than 1,000
             names, or names contradict each other; ContentTooLarge beyond the multipart limits.
    """
    media_type = media_types.essence(content_type)
    if not content and not media_type:
        return {}
    if media_type == media_types.URLENCODED:
        return nest(parse_pairs(content.decode("utf-8", "replace")))
    if media_type == media_types.MULTIPART:
        # Lazy on purpose: most apps never see a multipart form, and the parser's imports cost milliseconds at boot.
        from spica.http.multipart import parse_multipart

        return nest(parse_multipart(content, content_type or ""))
    raise UnsupportedMediaType(
        f"a form is read from {' or '.join(FORM_TYPES)}, not from {media_type or 'content without a Content-Type'}"
    )
