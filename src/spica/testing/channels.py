"""The test client's channels: what the `phoenix` client of a page does, on top of a WebSocket of a test.

Rules of this file:
- A message of a topic that was joined goes to that channel; all others stay for `socket.receive`.
- A channel keeps what arrives until an expectation takes it. That takes the first message that fits and leaves the
  others, so the order in which a test names them does not matter.
- Nothing is waited for in vain: when the channel or its socket ends, who waits is told at once, with the application's
  own exception as the cause.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

from spica.app.application import App
from spica.http.websocket import Message
from spica.testing import json_paths
from spica.testing.channel_messages import (
    CLOSE,
    ERROR,
    JOIN,
    LEAVE,
    REPLY,
    ChannelMessage,
    parse_message,
    render_message,
)
from spica.testing.failures import LoggedFailures
from spica.testing.refusals import RefusalNotes, list_errors, render_refusal, shown, watch_refusals

REPLY_TIMEOUT_S = 5.0
REFUTE_WITHIN_S = 0.1
_SHOWN_MESSAGES = 20
KEYWORDS: Final = object()
"""Stands for a payload that is given by name."""
_ENDS = {CLOSE: "closed", ERROR: "crashed"}


class ChannelError(Exception):
    """What a channel answered instead of what was asked for."""


class JoinRefused(ChannelError):
    """The application refused a join.

    `reply` is what it answered, `reason` the reason in it, "" without one, `errors` the fields that were refused,
    `hint` what development's log says of it, such as the topics that there are.
    """

    def __init__(self, topic: str, reply: Any, hint: str = "") -> None:
        super().__init__(render_refusal(f"{topic} can't be joined", reply, hint))
        self.topic = topic
        self.reply = reply
        self.reason = _reason(reply)
        self.errors = list_errors(reply)
        self.hint = hint


class PushRefused(ChannelError):
    """A push was answered with an error; `response` is the answer, the rest as of `JoinRefused`."""

    def __init__(self, topic: str, event: str, response: Any, hint: str = "") -> None:
        super().__init__(render_refusal(f"{event} of {topic} was answered with an error", response, hint))
        self.topic = topic
        self.event = event
        self.response = response
        self.reason = _reason(response)
        self.errors = list_errors(response)
        self.hint = hint


class ChannelEnded(ChannelError):
    """A channel answers no more; `how` is "left", "closed", "crashed" or "disconnected"."""

    def __init__(self, topic: str, how: str, what: str = "") -> None:
        super().__init__(f"{topic} has ended: {how}{f' ({what})' if what else ''}")
        self.topic = topic
        self.how = how


class Received(NamedTuple):
    """What a channel got: the name of the event and the payload, octets for a binary one."""

    event: str
    payload: Any


class Line(NamedTuple):
    """The WebSocket below: what sends, what waits until a callable finds something, and whether it has ended."""

    send: Callable[[Message], Awaitable[None]]
    wait_for: Callable[[Callable[[], Any], float], Awaitable[Any]]
    is_over: Callable[[], bool]


class ClientChannels:
    """The channels of one socket, by topic.

    Args:    line: what they are sent on; target: of its handshake, to tell whose exceptions are logged; app: that they
             are of, None where that is not known.
    """

    def __init__(self, line: Line, target: str, app: App | None = None) -> None:
        self.line = line
        self._app = app
        self._notes: RefusalNotes | None = None
        self.failures = LoggedFailures(target)
        self._refs = map(str, itertools.count(1))
        self._by_topic: dict[str, ClientChannel] = {}
        self._by_ref: dict[str, ClientChannel] = {}

    def stop(self) -> None:
        """Watch the log no more."""
        self.failures.__exit__()

    async def join(self, topic: str, payload: object, timeout_s: float) -> ClientChannel:
        """Join a topic. Raises JoinRefused, ChannelEnded, TimeoutError."""
        self.failures.__enter__()
        if self._notes is None and self._app is not None:
            self._notes = watch_refusals(self._app)
        channel = ClientChannel(self, topic, next(self._refs))
        before = self.failures.last
        self._by_topic[topic] = self._by_ref[channel.join_ref] = channel
        status, reply = await channel.ask(JOIN, payload, timeout_s)
        if status != "ok":
            channel.end("refused")
            if self._by_topic[topic] is channel:
                del self._by_topic[topic]
            raise JoinRefused(topic, reply, self.find_hint(topic)) from self.failure_since(before)
        channel.reply = reply
        return channel

    def failure_since(self, before: BaseException | None) -> BaseException | None:
        """What was logged last, unless that was there before."""
        return self.failures.last if self.failures.last is not before else None

    def find_hint(self, topic: str, event: str = "") -> str:
        """What the application notes of a refusal, of a join without an event; "" for nothing."""
        return self._notes.find_hint(topic, event) if self._notes is not None else ""

    def next_ref(self) -> str:
        """A number that no message of this socket has had."""
        return next(self._refs)

    def take(self, octets: Message) -> bool:
        """Give a message to the channel that it is for; False when it is for none."""
        if not self._by_topic or (message := parse_message(octets)) is None:
            return False
        ref = message.join_ref
        channel = self._by_topic.get(message.topic) if ref is None else self._by_ref.get(ref)
        if channel is None:
            return False
        channel.receive(message)
        return True


class ClientChannel:
    """A channel that was joined: `room = await socket.join("room:7")`."""

    def __init__(self, channels: ClientChannels, topic: str, join_ref: str) -> None:
        self.topic = topic
        self.join_ref = join_ref
        self.reply: Any = None
        """What the join was answered with."""
        self.ended = ""
        """How it ended: "left", "closed", "crashed"; "" while it is there."""
        self.waiting: list[Received] = []
        """What has arrived and no expectation has taken yet."""
        self._channels = channels
        self._taken: list[Received] = []
        self._replies: dict[str, tuple[str, Any]] = {}

    def __repr__(self) -> str:
        return f"<channel {self.topic}{f' ({self.ended})' if self.ended else ''}>"

    async def push(
        self, event: str, /, *, payload: object = KEYWORDS, timeout_s: float = REPLY_TIMEOUT_S, **values: object
    ) -> Any:
        """Send an event and wait for its answer.

        Args:    values: the payload by name; payload: instead of them, when it is no object, or octets.
        Returns: what the handler answered; {} when it returned nothing.
        Raises:  PushRefused: it answered with an error; ChannelEnded: it crashed, or there is no channel any more;
                 TimeoutError: no answer came in time.
        """
        before = self._channels.failures.last
        status, response = await self.ask(event, choose_payload(payload, values), timeout_s)
        if status != "ok":
            hint = self._channels.find_hint(self.topic, event)
            raise PushRefused(self.topic, event, response, hint) from self._channels.failure_since(before)
        return response

    async def push_soon(self, event: str, /, *, payload: object = KEYWORDS, **values: object) -> None:
        """Send an event without waiting, as for a handler that does not answer. Raises ChannelEnded."""
        self._require_open()
        await self._send(self._channels.next_ref(), event, choose_payload(payload, values))

    async def leave(self, *, timeout_s: float = REPLY_TIMEOUT_S) -> None:
        """Leave, and wait until the application knows; does nothing when the channel has ended."""
        if not self.ended:
            # What closes the channel may come before the answer.
            with contextlib.suppress(ChannelEnded):
                await self.ask(LEAVE, {}, timeout_s)
            self.ended = "left"

    async def expect_broadcast(
        self, event: str, /, *, payload: object = KEYWORDS, timeout_s: float = REPLY_TIMEOUT_S, **values: object
    ) -> Any:
        """Expect that an event arrives, or has arrived: a broadcast, or what the channel pushed to this client.

        Args:    values: members of its payload, which may have more; payload: instead of them, when it is no object, or
                 octets. Objects within may have more members too, lists have as many items. Without any, every payload
                 will do.
        Returns: its whole payload.
        """
        wanted = choose_payload(payload, values) if values else payload
        found = await self._look(lambda: self._find(event, wanted), timeout_s)
        if isinstance(found, Received):
            return found.payload
        raise self._unexpected(f"the event {_described(event, wanted)} on {self.topic}", found, event, wanted)

    expect_push = expect_broadcast

    async def refute_broadcast(
        self, event: str, /, *, payload: object = KEYWORDS, within_s: float = REFUTE_WITHIN_S, **values: object
    ) -> None:
        """Expect that an event has not arrived and does not; `within_s` is how long to wait for it.

        Args:    values, payload: as for `expect_broadcast`; other payloads may arrive.
        """
        wanted = choose_payload(payload, values) if values else payload
        found = await self._look(lambda: self._find(event, wanted), within_s)
        if isinstance(found, Received):
            raise AssertionError(
                f"expected no event {_described(event, wanted)} on {self.topic}; it came:\n{_line(found)}"
            )
        if found in ("crashed", "disconnected"):
            raise self._unexpected(f"{self.topic} to go on without the event {_described(event, wanted)}", found)

    refute_push = refute_broadcast

    async def expect_close(self, *, timeout_s: float = REPLY_TIMEOUT_S) -> None:
        """Expect that the application closes the channel; after a crash this fails, with the exception as its cause."""
        found = await self._look(lambda: None, timeout_s)
        if self.ended not in ("closed", "left"):
            raise self._unexpected(f"{self.topic} to be closed", found)

    # What follows is for this file.

    async def ask(self, event: str, payload: object, timeout_s: float) -> tuple[str, Any]:
        """Send an event: status and content of its answer. Raises ChannelEnded, TimeoutError."""
        self._require_open()
        ref = self.join_ref if event == JOIN else self._channels.next_ref()
        await self._send(ref, event, payload)
        answer = await self._look(lambda: self._replies.pop(ref, None), timeout_s)
        if isinstance(answer, tuple):
            return answer
        if answer is None:
            raise TimeoutError(f"no answer to {event} of {self.topic} in {timeout_s:g} s; {self._arrivals()}")
        raise ChannelEnded(self.topic, answer, f"before it answered {event}") from self._channels.failures.last

    def receive(self, message: ChannelMessage) -> None:
        """Keep a message."""
        if message.event == REPLY:
            self._replies[message.ref or ""] = message.payload.get("status", ""), message.payload.get("response")
        elif message.event in _ENDS and message.join_ref is not None:
            self.end(_ENDS[message.event])
        else:
            self.waiting.append(Received(message.event, message.payload))

    def end(self, how: str) -> None:
        """Note how it ended; the first end counts."""
        self.ended = self.ended or how

    async def _send(self, ref: str, event: str, payload: object) -> None:
        await self._channels.line.send(render_message(ChannelMessage(self.join_ref, ref, self.topic, event, payload)))

    async def _look(self, take: Callable[[], Any], timeout_s: float) -> Any:
        """What `take` finds; how the channel ended when that comes first; None when nothing does in time."""
        line = self._channels.line

        def look() -> Any:
            found = take()
            return found if found is not None else self.ended or ("disconnected" if line.is_over() else None)

        try:
            return await line.wait_for(look, timeout_s)
        except TimeoutError:
            return None

    def _require_open(self) -> None:
        if self.ended:
            raise ChannelEnded(self.topic, self.ended) from self._channels.failures.last

    def _find(self, event: str, wanted: object) -> Received | None:
        for index, one in enumerate(self.waiting):
            if one.event == event and not _difference(one, wanted):
                self._taken.append(self.waiting.pop(index))
                return one
        return None

    def _unexpected(self, expected: str, ended: object, event: str = "", wanted: object = KEYWORDS) -> AssertionError:
        lines = [f"expected {expected}"]
        if ended:
            lines.append(f"the channel has ended: {ended}")
        lines.append(self._arrivals(event, wanted))
        error = AssertionError("\n".join(lines))
        if ended:
            error.__cause__ = self._channels.failures.last
        return error

    def _arrivals(self, event: str = "", wanted: object = KEYWORDS) -> str:
        """What did arrive, for a failure: what waits, and what other expectations have taken."""
        if not self.waiting and not self._taken:
            return "nothing else arrived"
        lines = []
        for title, arrived in (
            ("arrived", self.waiting),
            ("arrived, and was taken by an expectation before", self._taken),
        ):
            if arrived:
                lines += [f"{title}:", *(_line(one, event, wanted) for one in arrived[-_SHOWN_MESSAGES:])]
        return "\n".join(lines)


def choose_payload(payload: object, values: Mapping[str, object]) -> object:
    """The payload that a call gives, as a whole or by name. Raises TypeError for both."""
    if payload is KEYWORDS:
        return dict(values)
    if values:
        raise TypeError(f"a payload is given as a whole or by name, not both: payload= and {', '.join(values)}=")
    return payload


def _reason(reply: Any) -> str:
    return str(reply.get("reason", "")) if isinstance(reply, dict) else ""


def _described(event: str, wanted: object) -> str:
    return event if wanted is KEYWORDS else f"{event} with {shown(wanted)}"


def _difference(one: Received, wanted: object) -> str:
    return "" if wanted is KEYWORDS else json_paths.missing_part(one.payload, wanted)


def _line(one: Received, event: str = "", wanted: object = KEYWORDS) -> str:
    """One message for a failure, with what differs where it is of the event that was expected."""
    difference = _difference(one, wanted) if one.event == event else ""
    return f"  {one.event}  {shown(one.payload)}" + (f"  ({difference})" if difference else "")
