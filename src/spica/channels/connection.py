"""Connection: the loop of one socket, from its handshake to its end.

    frame ─ serializer ─ heartbeat? ─ the topic's membership ─ its mailbox ─ a method ─ reply

Rules of this file:
- The loop waits for nothing but its client: heartbeats are answered while methods wait. A client that takes less than
  it is sent is not read from.
- A frame that can't be read ends the connection with 1007, octets in version 1 with 1003. Nothing else that a client
  sends does.
- At the end every membership that was joined has run `leave`, or was cancelled in it after `GRACE_S`; then comes
  `disconnected`, then the providers of `connect` are torn down, for `GRACE_S` each. All of that goes on when the loop
  is cancelled, and the application waits for it when it stops.
- What a client makes the connection hold is bounded in length, too, not in number only.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable

from spica.channels.compiled import CompiledSocket
from spica.channels.fanout import Fanout
from spica.channels.membership import GRACE_S, Membership
from spica.channels.message import HEARTBEAT, JOIN, LEAVE, PHOENIX, UNMATCHED, Frame, MalformedFrame, Message
from spica.channels.notes import describe_note
from spica.channels.serializer import V2, Serializer, guess_serializer
from spica.channels.socket import Socket
from spica.http.websocket import WebSocket
from spica.injection.scope import Scope
from spica.pubsub.bus import PubSub

ABNORMAL, SERVICE_RESTART = 1006, 1012
FREE_JOIN = 1_024
"""Joins of up to so many characters are not counted among what waits: `max_channels` bounds them."""
_log = logging.getLogger("spica.channels")


class Connection:
    """One client.

    Args:    socket: of the user's class; compiled: its channels; websocket: accepted; fanout: of the application;
             serializer: what the client speaks, None when its first frame tells.
    """

    __slots__ = (
        "_closing",
        "_ending",
        "_is_full",
        "_speaks",
        "_topics",
        "_without",
        "compiled",
        "fanout",
        "kept",
        "native",
        "serializer",
        "socket",
        "websocket",
    )

    def __init__(
        self,
        socket: Socket,
        compiled: CompiledSocket,
        websocket: WebSocket,
        fanout: Fanout,
        serializer: Serializer | None,
    ) -> None:
        socket._connection = self
        self.socket = socket
        self.compiled = compiled
        self.websocket = websocket
        self.native = websocket.native
        self.fanout = fanout
        self.serializer = serializer or V2
        self.kept = 0
        """What it holds for its client, in characters of frames: the payloads of joins, messages that are not done."""
        self._speaks = serializer is not None
        self._topics: dict[str, Membership] = {}
        self._ending: dict[Membership, None] | None = None
        self._is_full = False
        self._without: asyncio.Future[None] | None = None
        self._closing: asyncio.Future[None] | None = None

    @property
    def bus(self) -> PubSub:
        """Where broadcasts go and come from."""
        return self.fanout.bus

    # The loop

    async def serve(self, scope: Scope | None) -> None:
        """Handle what the client sends until it ends; `scope` holds the providers of `connect`, where it has any."""
        native = self.native
        unlisten = None
        code, reason, failure = ABNORMAL, "", None
        # One coroutine for all of it, not one within the other: it is kept by every idle socket.
        try:
            unlisten = self._listen()
            while True:
                frame = native.take()
                if frame is None:
                    await native.arrived()
                elif isinstance(frame, tuple):
                    code, reason = frame
                    break
                else:
                    self.handle(frame)
                    if self._is_full:
                        self._is_full = False
                        await native.room()
        except MalformedFrame as error:
            code, reason = error.code, error.reason
            await self.websocket.close(code, reason)
        except BaseException as error:
            failure = error
            raise
        finally:
            if unlisten is not None:
                unlisten()
            await self.fanout.attend(self._finish(code, reason, scope, failure))

    def handle(self, frame: Frame) -> None:
        """Handle one frame. Raises MalformedFrame."""
        if not self._speaks:
            self.serializer, self._speaks = guess_serializer(frame), True
        message = self.serializer.read(frame)
        membership = self._topics.get(message.topic)
        if message.event == JOIN:
            self._join(message, membership, len(frame))
        elif membership is None:
            self._answer_without(message)
        elif _is_of_another(message, membership):
            # Of a join that has ended: a leave of it is done, a message of it came too late.
            self.reply(message, *(("ok", {}) if message.event == LEAVE else ("error", UNMATCHED)))
        elif message.event == LEAVE:
            self.forget_topic(membership)
            membership.leave(message)
        else:
            membership.take(message, len(frame))

    # What memberships need

    def send(self, frame: Frame) -> bool:
        """Send a frame. Returns whether there is room for more; a client that is gone has all the room."""
        has_room = self.native.send(frame)
        if has_room is False:
            self._is_full = True
            return False
        return True

    def reply(self, message: Message, status: str, response: object) -> bool:
        """Answer a message; one without a ref wants no answer. Returns whether there is room for more."""
        if status == "error" and self.fanout.note is not None:
            membership = self._topics.get(message.topic)
            channel = None if membership is None or response == UNMATCHED else membership.compiled
            self.fanout.note(*describe_note(self.compiled, channel, message, response))
        return message.ref is None or self.send(self.serializer.write_reply(message, status, response))

    def keep(self, size: int) -> bool:
        """Have more held for the client, until it is taken off `kept`. Returns False where that is too much."""
        kept = self.kept + size
        if kept > self.socket.max_waiting and self.kept > 0:
            return False
        self.kept = kept
        return True

    async def room(self) -> None:
        """Wait until the client has taken most of what it was sent."""
        await self.native.room()

    def forget_topic(self, membership: Membership) -> None:
        """Let messages of its topic reach it no more."""
        if self._topics.get(membership.topic) is membership:
            del self._topics[membership.topic]
            self._note_ending(membership)

    def forget(self, membership: Membership) -> None:
        """It has ended."""
        if self._topics.get(membership.topic) is membership:
            del self._topics[membership.topic]
        if self._ending is not None:
            self._ending.pop(membership, None)
            self._ending = self._ending or None
        if not self._topics and not self._ending and self._without is not None and not self._without.done():
            self._without.set_result(None)

    def end(self, code: int, reason: str) -> None:
        """Say goodbye; called where nothing can be awaited."""
        pending = self.native.close(code, reason)
        if pending is not None:  # another server's socket
            self._closing = asyncio.ensure_future(pending)

    # The rest is private.

    def _join(self, message: Message, before: Membership | None, size: int) -> None:
        found = self.compiled.topics.find(message.topic)
        if found is None:
            self.reply(message, "error", UNMATCHED)
            return
        count = len(self._topics) + len(self._ending or ()) - (before is not None)
        if count >= self.socket.max_channels:
            self.reply(message, "error", {"reason": "too many channels"})
            return
        kept = max(0, size - FREE_JOIN)
        if not self.keep(kept):
            self.reply(message, "error", {"reason": "too many messages wait"})
            return
        compiled, values = found
        membership = Membership(self, compiled, message, values, kept)
        earlier = before or next((one for one in reversed(self._ending or {}) if one.topic == message.topic), None)
        self._topics[message.topic] = membership
        if before is not None:
            self._note_ending(before)
            before.replace()
        membership.begin(message, earlier)

    def _note_ending(self, membership: Membership) -> None:
        if self._ending is None:
            self._ending = {}
        self._ending[membership] = None

    def _listen(self) -> Callable[[], None] | None:
        """Hear that the socket is to end, if it has an id."""
        socket = self.socket
        if socket.id is None:
            return None
        return self.bus.listen(type(socket).topic_of(socket.id), lambda event: self.end(1000, "disconnected"))

    def _answer_without(self, message: Message) -> None:
        if (message.topic == PHOENIX and message.event == HEARTBEAT) or message.event == LEAVE:
            self.reply(message, "ok", {})
        else:
            self.reply(message, "error", UNMATCHED)

    async def _finish(self, code: int, reason: str, scope: Scope | None, failure: BaseException | None) -> None:
        """Have all memberships leave, tell the socket, tear down the providers."""
        name = type(self.socket).__name__
        try:
            await self._leave_all(self._describe(code))
            ended = self.socket.disconnected(code, reason)
            if inspect.isawaitable(ended):
                async with asyncio.timeout(GRACE_S):
                    await ended
        except Exception as error:
            _log.error("%s failed when it ended", name, exc_info=error)
            self.fanout.report(error, self.websocket.request)
            failure = failure or error
        try:
            if scope is not None:
                async with asyncio.timeout(GRACE_S):
                    await scope.aclose(failure)
        except Exception as error:
            _log.error("a provider of %s failed when it ended", name, exc_info=error)
            self.fanout.report(error, self.websocket.request)

    async def _leave_all(self, reason: str) -> None:
        for membership in self._memberships:
            membership.abandon(reason)
        for _ in range(2):
            if not self._memberships:
                break
            self._without = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._without], timeout=GRACE_S)
            for membership in self._memberships:
                membership.interrupt()

    @property
    def _memberships(self) -> list[Membership]:
        return [*(self._ending or ()), *self._topics.values()]

    def _describe(self, code: int) -> str:
        """What `leave` is told of the end of the socket."""
        if self.fanout.is_stopping or code == SERVICE_RESTART:
            return "shutdown"
        return "lost" if code == ABNORMAL else "closed"


def _is_of_another(message: Message, membership: Membership) -> bool:
    return message.join_ref is not None and message.join_ref != membership.join_ref
