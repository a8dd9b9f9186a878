"""Refusals: why a join or a message of a channel was refused, in the words of development's log.

Rules of this file:
- What a client is told has no hint: which topics and events there are is nothing for the public. The application notes
  it in development (`spica.channels.notes`), and here for the test that was refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import msgspec

from spica.app.application import App
from spica.channels.notes import Note

MAX_NOTES = 100
SHOWN_CHARACTERS = 200


class RefusalNotes:
    """The last notes of an application; called with each of them."""

    def __init__(self, following: Note | None) -> None:
        self._following = following
        self._notes: deque[Mapping[str, str]] = deque(maxlen=MAX_NOTES)

    def __call__(self, what: str, facts: dict[str, str]) -> None:
        """Keep a note, and pass it on to who was told before."""
        self._notes.append(facts)
        if self._following is not None:
            self._following(what, facts)

    def find_hint(self, topic: str, event: str) -> str:
        """The hint of the last refusal. Args: event: "" for a join. Returns: "" without one."""
        wanted = (topic[:255], event[:255])
        found = (one for one in reversed(self._notes) if (one["topic"], one.get("message", "")) == wanted)
        return next(found, {}).get("hint", "")


def watch_refusals(app: App) -> RefusalNotes | None:
    """The notes of an application from now on, the same for all its clients; None for one without channels."""
    fanout = app.compiled.fanout
    if fanout is None:
        return None
    if not isinstance(fanout.note, RefusalNotes):
        fanout.note = RefusalNotes(fanout.note)
    return fanout.note


def list_errors(answer: Any) -> list[dict[str, str]]:
    """The fields that were refused, as the client is told: `name`, `message` and `code` of each."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    return [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []


def render_refusal(what: str, answer: Any, hint: str) -> str:
    """The text of a refusal: a line of what was answered, one of each field, and the hint."""
    errors = list_errors(answer)
    told = {name: value for name, value in answer.items() if name != "errors"} if errors else answer
    lines = [f"{what}: {shown(told)}"]
    lines += [f"  {one.get('name') or 'the payload'} {one.get('message', '')}" for one in errors]
    return "\n".join([*lines, *([f"  hint: {hint}"] if hint else [])])


def shown(payload: object) -> str:
    """A payload in a line, as much of it as can be looked over."""
    if isinstance(payload, bytes):
        return f"{len(payload)} octets {payload[:40]!r}"
    try:
        text = msgspec.json.encode(payload).decode()
    except TypeError:
        text = repr(payload)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}… ({len(text)} characters)"
