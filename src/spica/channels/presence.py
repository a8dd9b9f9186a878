"""Presence of a channel: `self.presence.track(...)` once it is joined, `ChatChannel.presence("room:7")` on its class.

Rules of this file:
- What a channel tracks is its own: one entry for each key. It ends with the channel, however that ends.
- A key or a meta that can't be tracked is a refusal where a client can have sent it (JSON, octets), and a failure where
  only the channel's own code can have made it, or is likely to: None.
- A client is told the whole state once, as soon as its channel tracks anything or watches: behind the join's reply and
  with its broadcasts on, so that no diff is missing. Diffs come as broadcasts of the topic, whether it tracks or not.
Source: `presence.js` of the npm package phoenix 1.8; `lib/phoenix/presence.ex` of Phoenix 1.7.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from spica.channels.errors import ChannelUsage
from spica.channels.topic import parse_topic
from spica.errors.http import FieldError
from spica.http import json
from spica.presence.current import current
from spica.presence.entry import REFERENCES, Entry
from spica.presence.errors import InvalidPresence, NotTracked, PresenceRefused
from spica.presence.tracker import STATE, Tracker

if TYPE_CHECKING:  # a channel has presence
    from spica.channels.channel import Channel
    from spica.channels.membership import Membership

Presences: TypeAlias = "dict[str, dict[str, list[dict[str, Any]]]]"
"""Who is there: `{key: {"metas": [{"phx_ref": "...", ...}, ...]}}`."""

MAX_KEY_CHARACTERS = 255
MAX_META_BYTES = 16_384
SOURCE = "presence"
_OF_CLIENTS = (dict, list, str, int, float, bytes)
"""What payloads are made of. A method without types passes it on as it came. None is in them, too, but as a key it is
far more often the id of a user that is not there, which has to be in the log."""
_KEY_WHY = f"keys are the names of a JSON object: text of 1 to {MAX_KEY_CHARACTERS} characters, or whole numbers"
_KEY_FIX = "track what names whom it stands for: self.presence.track(user.id, ...)"
_META_WHY = f"it is a JSON object of at most {MAX_META_BYTES:,} octets, which every client of the topic gets"
_META_FIX = 'give a dict or a Struct of what others are to see: {"name": "Ann"}'


class ChannelPresence:
    """What `self.presence` is: who is in the channel's topic, and whom the channel stands for.

    Args:    membership: of the channel.
    """

    __slots__ = ("_entries", "_is_watching", "_membership")

    def __init__(self, membership: Membership) -> None:
        self._membership = membership
        self._entries: dict[str, Entry] | None = None
        self._is_watching = False

    async def track(self, key: str | int, meta: object = None) -> None:
        """Have everybody in the topic see that this client is there, on all nodes, until the channel ends.

        Args:    key: whom it stands for, such as a user's id; several clients may have the same one, each with a meta
                 of its own; meta: what becomes a JSON object, None for {}, up to 16 KiB. A key that this channel has
                 tracked already gets the new one.
        Raises:  PresenceRefused for what a client may have sent, which is answered with it; InvalidPresence,
                 UnencodableValue for what only the channel can have made, and for the key None; ChannelUsage when the
                 channel has ended.
        """
        name, encoded = _read_key(key), _encode_meta(meta)
        tracker = self._begin()
        entries = self._entries
        assert entries is not None
        entries[name] = tracker.join(self._membership.topic, name, encoded, previous=entries.get(name))
        self.watch()

    async def update(self, key: str | int, meta: object) -> None:
        """Replace the meta of a key that this channel has tracked. Clients see one diff with the old and the new one.

        Args:    meta: as for `track`, or a function that is given the last one and returns the new one.
        Raises:  NotTracked; as `track`.
        """
        name = _read_key(key)
        entry = self._entries.get(name) if self._entries is not None else None
        if entry is None:
            raise NotTracked(
                f"{self._membership.channel!r} has not tracked {name!r}",
                why=f"it has tracked {', '.join(map(repr, self._entries)) if self._entries else 'nothing'}",
                fix="await self.presence.track(key, meta) first, in join",
            )
        await self.track(name, meta(entry.given()) if callable(meta) else meta)

    async def untrack(self, key: str | int) -> None:
        """Have this client no longer be there under a key; one that it has not tracked is no mistake."""
        entry = self._entries.pop(_read_key(key), None) if self._entries is not None else None
        if entry is not None:
            self._tracker.leave(entry)

    def list(self) -> Presences:
        """Who is in this topic, on all nodes: `{key: {"metas": [{"phx_ref": ..., ...}, ...]}}`."""
        return self._tracker.read(self._membership.topic)

    def watch(self) -> None:
        """Have this client told who is there without being there itself: `presence_state`, and diffs from then on.

        Whoever tracks does it already. Raises ChannelUsage when the channel has ended.
        """
        if self._is_watching:
            return
        self._begin()
        self._is_watching = True
        membership = self._membership
        if membership.state == "joining":
            membership.at_join = [*(membership.at_join or ()), self._push_state]
        else:
            self._push_state()

    # The rest is private.

    @property
    def _tracker(self) -> Tracker:
        return self._membership.connection.fanout.presence

    def _begin(self) -> Tracker:
        """Have it end with the channel."""
        membership = self._membership
        if membership.state not in ("joining", "joined"):
            raise ChannelUsage(
                f"{membership.channel!r} has ended, and nobody can be there by it",
                why="what a channel tracks ends with it",
                fix="track in join or in a handler, not in leave or in a task that outlives the channel",
            )
        if self._entries is None:
            self._entries = {}
            membership.at_end = [*(membership.at_end or ()), self._end]
        return self._tracker

    def _push_state(self) -> None:
        self._membership.push(STATE, self._tracker.render_state(self._membership.topic))

    def _end(self, reason: str) -> None:
        entries, self._entries = self._entries, {}
        for entry in (entries or {}).values():
            self._tracker.leave(entry)


class Presence:
    """The attribute `presence` of channels: on the class a function, on a channel that was joined its own presence."""

    @overload
    def __get__(self, channel: None, kind: type[Channel]) -> Callable[[str], Presences]: ...
    @overload
    def __get__(self, channel: Channel, kind: type[Channel]) -> ChannelPresence: ...
    def __get__(self, channel: Channel | None, kind: type[Channel]) -> Callable[[str], Presences] | ChannelPresence:
        if channel is None:
            return functools.partial(_read_presence, kind)
        own = channel.__dict__["presence"] = ChannelPresence(channel._joined)  # found there from now on
        return own


def _read_presence(kind: type[Channel], topic: str) -> Presences:
    """Who is in a topic of a channel, on all nodes.

    Raises: ChannelUsage for a topic that it isn't joined by; NoPresence before an application was started.
    """
    if kind.topics and all(_parse(pattern).match(topic) is None for pattern in kind.topics):
        raise ChannelUsage(
            f"{kind.__name__} is not joined by the topic {topic!r}",
            why=f"its topics are {', '.join(kind.topics)}",
            fix=f'ask for one of them: {kind.__name__}.presence("{kind.topics[0]}")',
        )
    return current().read(topic)


_parse = functools.lru_cache(parse_topic)


def _read_key(key: object) -> str:
    if isinstance(key, int) and not isinstance(key, bool):
        key = str(key)
    if not isinstance(key, str):
        expected = FieldError(SOURCE, "key", "expected a text or a whole number", "type")
        raise _build_mistake(key, f"the key of a presence is {key!r:.60}", expected, _KEY_WHY, _KEY_FIX)
    if not 1 <= len(key) <= MAX_KEY_CHARACTERS:
        raise PresenceRefused(
            f"the key of a presence is a text of {len(key):,} characters",
            FieldError(SOURCE, "key", f"expected 1 to {MAX_KEY_CHARACTERS} characters", _judge_length(key)),
            why=_KEY_WHY,
            fix=_KEY_FIX,
        )
    try:
        key.encode()
    except UnicodeEncodeError as error:  # neither clients nor other nodes could be told of anybody in the topic
        raise PresenceRefused(
            f"the key of a presence is {key!r:.60}, which can't be sent: {error.reason}",
            FieldError(SOURCE, "key", "expected a text that UTF-8 can hold", "format"),
            why="keys travel as UTF-8",
            fix="make it from text that was decoded without errors",
        ) from error
    return key


def _judge_length(text: str) -> str:
    return "too_long" if text else "too_short"


def _encode_meta(meta: object) -> bytes:
    if meta is None:
        return b"{}"
    if isinstance(meta, Mapping) and any(name in meta for name in REFERENCES):  # as `list` gives it
        meta = {name: value for name, value in meta.items() if name not in REFERENCES}
    encoded = json.encode(meta)
    if encoded[:1] != b"{":
        expected = FieldError(SOURCE, "meta", "expected an object", "type")
        raise _build_mistake(meta, f"the meta is {meta!r:.60}", expected, _META_WHY, _META_FIX)
    if len(encoded) > MAX_META_BYTES:
        raise PresenceRefused(
            f"the meta of a presence is {len(encoded):,} octets",
            FieldError(SOURCE, "meta", f"expected at most {MAX_META_BYTES:,} octets of JSON", "too_long"),
            why=_META_WHY,
            fix=_META_FIX,
        )
    return encoded


def _build_mistake(value: object, what: str, expected: FieldError, why: str, fix: str) -> InvalidPresence:
    """What is raised for a value of a wrong type: a refusal where a client can have sent it, else a failure."""
    if isinstance(value, _OF_CLIENTS):
        return PresenceRefused(what, expected, why=why, fix=fix)
    return InvalidPresence(what, why=why, fix=fix)
