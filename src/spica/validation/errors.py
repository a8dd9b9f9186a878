"""Errors: what is wrong with an object, as messages by field.

Rules of this file:
- The order of discovery is kept, and the same message is kept once per field.
- The field "base" belongs to the whole object; its messages stand without a field name in front.
"""

from __future__ import annotations

from collections.abc import Iterator

BASE = "base"


class Errors:
    """Messages by field. False while there are none; iterating gives (field, message) pairs.

    Example:
        errors = Errors()
        errors.add("title", "can't be blank")
        errors.on("title")        # ["can't be blank"]
        errors.full_messages      # ["Title can't be blank"]
    """

    __slots__ = ("_messages",)

    def __init__(self) -> None:
        self._messages: dict[str, list[str]] = {}

    def add(self, field: str, message: str) -> None:
        """Record one message about a field; a message it already has is not repeated."""
        messages = self._messages.setdefault(field, [])
        if message not in messages:
            messages.append(message)

    def on(self, field: str) -> list[str]:
        """List the messages of one field; [] when it is fine."""
        return list(self._messages.get(field, ()))

    @property
    def full_messages(self) -> list[str]:
        """Every message as a sentence that names its field: "Title can't be blank"."""
        return [message if field == BASE else f"{_label(field)} {message}" for field, message in self]

    def to_dict(self) -> dict[str, list[str]]:
        """Copy the messages into a plain dict, ready for JSON."""
        return {field: list(messages) for field, messages in self._messages.items()}

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for field, messages in self._messages.items():
            for message in messages:
                yield field, message

    def __len__(self) -> int:
        return sum(map(len, self._messages.values()))

    def __bool__(self) -> bool:
        return bool(self._messages)

    def __contains__(self, field: object) -> bool:
        return field in self._messages

    def __repr__(self) -> str:
        return f"Errors({self._messages!r})"


def _label(field: str) -> str:
    name = field.removesuffix("_id") or field
    return name.replace("_", " ").strip().capitalize()
