"""Forms: the content of a request as names and values, urlencoded or multipart.

Rules: the media type decides; nothing is guessed from the octets. Limits are those of `url.py` and `multipart.py`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from spica.errors.http import UnsupportedMediaType
from spica.http import media_types
from spica.http.octets import MemoryOctets, Octets
from spica.http.url import nest, parse_pairs

Pairs = list[tuple[str, Any]]

FORM_TYPES = (media_types.URLENCODED, media_types.MULTIPART)


def parse_form(content: bytes | Octets, content_type: str | None) -> dict[str, Any]:
    """Decode a form into nested dicts, lists, texts and UploadFiles.

    Args:    content: the whole content, or what can read it; content_type: its field, None when absent.
    Returns: `post[title]=Hi&post[tags][]=a` is {"post": {"title": "Hi", "tags": ["a"]}}; {} for no content.
    Raises:  UnsupportedMediaType when it is no form; BadRequest when it is malformed, too deep, of more than 1,000
             names, or names contradict each other; ContentTooLarge beyond the multipart limits.
    """
    source = MemoryOctets(content) if isinstance(content, bytes) else content
    return nest(parse_pairs_of_form(source, content_type))


def parse_pairs_of_form(source: Octets, content_type: str | None) -> Pairs:
    """Decode a form into names and values in the order they came, repeats kept. Raises what `parse_form` raises."""
    if media_types.essence(content_type) == media_types.URLENCODED:
        return _parse_urlencoded(source)
    steps = parse_form_in_steps(source, content_type)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return] # a generator's value is Any


def parse_form_in_steps(source: Octets, content_type: str | None) -> Generator[None, None, Pairs]:
    """Do what `parse_pairs_of_form` does, with a pause after each block of a large upload."""
    media_type = media_types.essence(content_type)
    if not media_type and not source.content_length:
        return []
    if media_type == media_types.URLENCODED:
        return _parse_urlencoded(source)
    if media_type == media_types.MULTIPART:
        # Lazy on purpose: most apps never see a multipart form, and the parser's imports cost milliseconds at boot.
        from spica.http.multipart import parse_in_steps

        return (yield from parse_in_steps(source, content_type or ""))
    raise UnsupportedMediaType(
        f"a form is read from {' or '.join(FORM_TYPES)}, not from {media_type or 'content without a Content-Type'}",
        fields=[("accept", ", ".join(FORM_TYPES))],
    )


def _parse_urlencoded(source: Octets) -> Pairs:
    pairs: Any = parse_pairs(source.read_content(0, source.content_length).decode("utf-8", "replace"))
    return pairs  # type: ignore[no-any-return] # texts are values as well
