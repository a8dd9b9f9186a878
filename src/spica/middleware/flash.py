"""Flash: messages for the next page, each shown once.

Rules: a message stays until it is read, so it survives a redirect to a redirect and requests that show nothing; what
was read is gone at the end of that request. `now` holds messages for this request alone.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping


class Flash(MutableMapping[str, str]):
    """The messages of a session; `ctx.flash`. Reading one, or going over all, marks it as shown."""

    __slots__ = ("_messages", "_shown", "now")

    def __init__(self, messages: dict[str, str] | None = None) -> None:
        self._messages = dict(messages or {})
        self._shown: set[str] = set()
        self.now: dict[str, str] = {}

    def __getitem__(self, kind: str) -> str:
        if kind in self.now:
            return self.now[kind]
        message = self._messages[kind]
        self._shown.add(kind)
        return message

    def __setitem__(self, kind: str, message: str) -> None:
        self._messages[kind] = str(message)
        self._shown.discard(kind)

    def __delitem__(self, kind: str) -> None:
        if kind not in self:
            raise KeyError(kind)
        self._messages.pop(kind, None)
        self.now.pop(kind, None)

    def __contains__(self, kind: object) -> bool:
        return kind in self._messages or kind in self.now

    def __iter__(self) -> Iterator[str]:
        return iter({**self._messages, **self.now})

    def __len__(self) -> int:
        return len({**self._messages, **self.now})

    @property
    def notice(self) -> str | None:
        """The message "notice": something went well."""
        return self.get("notice")

    @property
    def alert(self) -> str | None:
        """The message "alert": something needs attention."""
        return self.get("alert")

    def keep(self, *kinds: str) -> None:
        """Keep messages for one more request though they were read; all of them when none is named."""
        self._shown -= set(kinds or self._shown)

    def left(self) -> dict[str, str]:
        """Return the messages that the next request gets."""
        return {kind: message for kind, message in self._messages.items() if kind not in self._shown}

    def __repr__(self) -> str:
        return f"Flash({ {**self._messages, **self.now}!r})"
