"""Errors: what is wrong with an object, as messages by field.

Rules of this file:
- The order of discovery is kept, and the same message is kept once per field.
- Each message has a code and parameters beside its text, for translations: `details`.
- The field "base" belongs to the whole object; its messages stand without a field name in front.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spica.validation.messages import Message

BASE = "base"


class Errors:
    """Messages by field. False while there are none; iterating gives (field, message) pairs.

    Example:
        errors = Errors()
        errors.add("title", "can't be blank")
        errors.on("title")        # ["can't be blank"]
        errors.full_messages      # ["Title can't be blank"]
        errors.add("title", "is too short", code="too_short", count=3)
        errors.details("title")[1].parameters        # {"count": 3}
    """

    __slots__ = ("_messages",)

    def __init__(self) -> None:
        self._messages: dict[str, list[Message]] = {}

    def add(self, field: str, message: str, *, code: str = "invalid", **parameters: Any) -> None:
        """Record one message about a field; a text it already has is not repeated.

        Args:    message: the text, or a Message, which has a code of its own; code, parameters: for translations.
        """
        messages = self._messages.setdefault(field, [])
        if message not in messages:
            messages.append(message if isinstance(message, Message) else Message(message, code, **parameters))

    def on(self, field: str) -> list[str]:
        """List the messages of one field; [] when it is fine."""
        return [str(message) for message in self._messages.get(field, ())]

    def details(self, field: str) -> list[Message]:
        """List the messages of one field with their codes and parameters; [] when it is fine."""
        return list(self._messages.get(field, ()))

    def copy(self) -> Errors:
        """A copy that can be added to without changing this one."""
        copied = Errors()
        copied._messages = {field: list(messages) for field, messages in self._messages.items()}
        return copied

    def update(self, other: Errors) -> None:
        """Take over the messages of another object."""
        for field, messages in other._messages.items():
            for message in messages:
                self.add(field, message)

    @property
    def full_messages(self) -> list[str]:
        """Every message as a sentence that names its field: "Title can't be blank"."""
        return [message if field == BASE else f"{_label(field)} {message}" for field, message in self]

    def to_dict(self) -> dict[str, list[str]]:
        """Copy the messages into a plain dict, ready for JSON."""
        return {field: self.on(field) for field in self._messages}

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for field, messages in self._messages.items():
            for message in messages:
                yield field, str(message)

    def __len__(self) -> int:
        return sum(map(len, self._messages.values()))

    def __bool__(self) -> bool:
        return bool(self._messages)

    def __contains__(self, field: object) -> bool:
        return field in self._messages

    def __repr__(self) -> str:
        return f"Errors({self.to_dict()!r})"


def _label(field: str) -> str:
    name = field.removesuffix("_id") or field
    return name.replace("_", " ").replace(".", " ").strip().capitalize()
