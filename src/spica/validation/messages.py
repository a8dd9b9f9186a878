"""Messages: what is said about a field, with the code and the numbers that a translation needs.

The codes are those that Rails' locale files use, so that existing translations fit: "blank", "too_short" with `count`.
"""

from __future__ import annotations

from typing import Any


class Message(str):
    """A text about a field: `code` is the key of its translation, `parameters` what the translation may name.

    Example:
        message = Message("is too short (minimum is 3 characters)", "too_short", count=3)
        message.code, message.parameters["count"]        # "too_short", 3
    """

    __slots__ = ("code", "parameters")

    code: str
    parameters: dict[str, Any]

    def __new__(cls, text: str, code: str = "invalid", **parameters: Any) -> Message:
        message = super().__new__(cls, text)
        message.code = code
        message.parameters = parameters
        return message

    def reworded(self, text: str | None) -> Message:
        """The same code and parameters with another text; itself for None."""
        return self if text is None else Message(text, self.code, **self.parameters)


BLANK = Message("can't be blank", "blank")
TAKEN = Message("has already been taken", "taken")
MUST_EXIST = Message("must exist", "required")
READONLY = Message("can't be changed any more", "readonly")
COMPUTED = Message("is computed by the database", "computed")
INVALID = Message("is invalid", "invalid")
