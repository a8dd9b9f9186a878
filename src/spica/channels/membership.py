"""Membership: one client in one topic, from its join to its end.

    state      what happens there
    held       an earlier membership of the same topic has not ended yet
    joining    `join` runs, or has yet to; messages wait
    joined     messages, broadcasts and infos are handled, one after the other
    leaving    `leave` runs
    ended      nothing is left

    event                    from              to        what the client is sent
    join returns             joining           joined    reply ok, then what was pushed and broadcast
    join raises              joining           ended     reply error
    the client leaves        joining, joined   leaving   reply ok, at the end phx_close
    the client joins anew    joining, joined   leaving   at the end phx_close
    `close`                  joined            leaving   at the end phx_close
    a method fails           joined            leaving   phx_error
    the socket ends          any               leaving   nothing

Rules of this file:
- All of it is work of one mailbox: what is asked for while a method runs comes after it.
- A membership that was joined runs `leave` exactly once; one that was not never does.
Source: `channel.js` of the npm package phoenix 1.8; `lib/phoenix/channel/server.ex` of Phoenix 1.7.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from spica.channels.binding import Call
from spica.channels.channel import Channel
from spica.channels.compiled import CompiledChannel, describe_class
from spica.channels.early import Early
from spica.channels.errors import ChannelOverflow, ChannelUsage, Refused
from spica.channels.infos import Infos
from spica.channels.mailbox import Mailbox
from spica.channels.message import CLOSE, ERROR, UNMATCHED, Message
from spica.channels.methods import ChannelMethod
from spica.channels.responses import describe_refusal
from spica.pubsub.event import Event

if TYPE_CHECKING:  # a connection holds memberships
    from spica.channels.connection import Connection

State: TypeAlias = Literal["held", "joining", "joined", "leaving", "ended"]

MAX_WAITING = 256
GRACE_S = 5.0
"""What runs when a membership is to end may go on for so long, and so may `leave`."""
_log = logging.getLogger("spica.channels")


class Membership:
    """One client in one topic.

    Args:    connection: of the client; compiled: the channel; joined_by: the message that asks for it; values: the
             topic's parameters; kept: what `connection.keep` was asked for on behalf of the payload of the join.
    """

    __slots__ = (
        "_after",
        "_early",
        "_infos",
        "_is_cut",
        "_kept",
        "_mailbox",
        "_timer",
        "at_end",
        "at_join",
        "channel",
        "compiled",
        "connection",
        "join_ref",
        "params",
        "state",
        "topic",
        "values",
    )

    channel: Channel
    """The object of the user's class, made when `join` is to run."""

    def __init__(
        self,
        connection: Connection,
        compiled: CompiledChannel,
        joined_by: Message,
        values: dict[str, Any],
        kept: int = 0,
    ) -> None:
        self.connection = connection
        self.compiled = compiled
        self.topic = joined_by.topic
        self.join_ref = joined_by.join_ref
        self.params = joined_by.payload
        self.values = values
        self.state: State = "held"
        self.at_join: list[Callable[[], None]] | None = None
        """Called once the client has the join's reply and gets broadcasts."""
        self.at_end: list[Callable[[str], None]] | None = None
        """Called with the reason, before `leave`, once no broadcast reaches the client any more; "refused" when `join`
        raised, without a `leave`."""
        self._mailbox = Mailbox()
        self._early: Early | None = None
        self._is_cut = False
        self._timer: asyncio.TimerHandle | None = None
        self._kept = kept
        self._infos: Infos | None = None
        self._after: Membership | None = None

    # What the client asks for

    def begin(self, message: Message, after: Membership | None) -> None:
        """Run `join`, once an earlier membership of the topic has ended."""
        if after is not None and after.state != "ended":
            self._mailbox.hold()
            after._after = self
        self._mailbox.put(self._join, message)

    def take(self, message: Message, size: int = 0) -> None:
        """Answer a message of the client. Args: size: of its frame."""
        method = self.compiled.messages.get(message.event)
        if method is None:
            self.connection.reply(message, "error", {"reason": "unknown event"})
            return
        if self._mailbox.waiting >= MAX_WAITING or not self.connection.keep(size):
            self.connection.reply(message, "error", {"reason": "too many messages wait"})
            return
        self._mailbox.put(self._answer, method, message, size)

    def leave(self, message: Message) -> None:
        """End it because the client leaves."""
        self._mailbox.put(self._leave, "left", message)
        self._limit()

    def replace(self) -> None:
        """End it because the client joins the topic anew."""
        self._mailbox.put(self._leave, "replaced", None)
        self._limit()

    # What the server asks for

    def push(self, event: str, payload: object) -> bool:
        """Send an event to the client. Returns whether there is room for more."""
        frame = self.connection.serializer.write_push(self.join_ref, self.topic, event, payload)
        if self._early is not None:
            self._early.push(frame)
            return True
        return self.connection.send(frame)

    def hear(self, event: Event) -> None:
        """Handle a broadcast of the topic, if a method is there for it."""
        method = self.compiled.broadcasts.get(event.name)
        if method is not None:
            self._put_info(method, event)

    @property
    def infos(self) -> Infos:
        """Its timers and subscriptions. Raises ChannelUsage when it has ended: nobody would end them."""
        if self.state == "ended":
            raise ChannelUsage(
                f"{self.channel!r} has ended, and hears nothing any more",
                why="timers and subscriptions end with their channel",
                fix="ask for them in join or a handler; what goes on without a client is no part of its channel",
            )
        if self._infos is None:
            self._infos = Infos(self.compiled.kind.__name__, self.compiled.infos, self._put_info)
        return self._infos

    def close(self, reason: str) -> None:
        """End it because the server wants to: what waits is forgotten."""
        self.abandon(reason)
        self._limit()

    def abandon(self, reason: str) -> None:
        """End it because the socket has ended, which limits how long that takes."""
        self._forget_waiting()
        self._mailbox.put(self._leave, reason, None)

    def interrupt(self) -> None:
        """Cancel the method that runs."""
        if self.state != "ended":
            self._is_cut = True
            self._mailbox.interrupt()

    # Work of the mailbox

    def _join(self, message: Message) -> Coroutine[Any, Any, None] | None:
        self.state = "joining"
        self._early = Early(self)
        method = self.compiled.join
        try:
            self.channel = self.compiled.kind()
            self.channel._membership = self
            value = method.call(Call(self.channel, message.payload, self.values))
        except BaseException as error:
            self._refuse_join(message, error)
            return None
        if method.waits:
            return self._join_waiting(message, value)
        self._joined(message, value)
        return None

    async def _join_waiting(self, message: Message, coroutine: Coroutine[Any, Any, object]) -> None:
        try:
            value = await coroutine
        except GeneratorExit:
            raise
        except BaseException as error:
            self._refuse_join(message, error)
        else:
            self._joined(message, value)

    def _joined(self, message: Message, value: object) -> None:
        connection, early = self.connection, self._stop_hearing_early()
        try:
            if early is not None and early.is_overfull:
                raise Refused({"reason": "too much was broadcast during the join"})
            frame = connection.serializer.write_reply(message, "ok", {} if value is None else value)
        except Exception as error:
            self._refuse_join(message, error)
            return
        connection.send(frame)
        self.state = "joined"
        connection.fanout.join(self)
        if early is not None:
            early.release()
        hooks, self.at_join = self.at_join, None
        for hook in hooks or ():
            try:
                hook()
            except Exception as error:
                self._log("join", error)

    def _stop_hearing_early(self) -> Early | None:
        early, self._early = self._early, None
        if early is not None:
            early.unlisten()
        return early

    def _refuse_join(self, message: Message, error: BaseException) -> None:
        self.state = "leaving"  # nothing more is joined, nor pushed
        self._stop_hearing_early()
        self._run_end_hooks("refused")
        response = describe_refusal(error)
        if response is None:
            if not self._was_cut(error):
                self._log("join", error)
            response = {"reason": "join crashed"}
        self._reply_error(message, response)
        self._end("refused")

    def _answer(self, method: ChannelMethod, message: Message, size: int) -> Coroutine[Any, Any, None] | None:
        connection = self.connection
        if self.state != "joined":
            connection.kept -= size
            connection.reply(message, "error", UNMATCHED)
            return None
        try:
            value = method.call(Call(self.channel, message.payload, self.values))
        except BaseException as error:
            connection.kept -= size
            return self._fail(message, error)
        if method.waits:
            return self._answer_waiting(method, message, size, value)
        connection.kept -= size
        return self._reply(method, message, value)

    async def _answer_waiting(
        self, method: ChannelMethod, message: Message, size: int, coroutine: Coroutine[Any, Any, object]
    ) -> None:
        try:
            value = await coroutine
        except GeneratorExit:
            raise
        except BaseException as error:
            rest = self._fail(message, error)
        else:
            rest = self._reply(method, message, value)
        finally:
            self.connection.kept -= size
        if rest is not None:
            await rest

    def _reply(self, method: ChannelMethod, message: Message, value: object) -> Coroutine[Any, Any, None] | None:
        if not method.replies or message.ref is None:
            return None
        try:
            has_room = self.connection.reply(self._of_this(message), "ok", {} if value is None else value)
        except Exception as error:
            return self._crash(message.event, error)
        return None if has_room else self._wait_for_room()

    async def _wait_for_room(self) -> None:
        """A client that takes no replies gets no further ones: each may be as long as a method likes."""
        try:
            await self.connection.room()
        except asyncio.CancelledError as error:
            if not self._was_cut(error):
                raise

    def _fail(self, message: Message, error: BaseException) -> Coroutine[Any, Any, None] | None:
        """Answer a message whose method raised: a refusal, or the end of the channel."""
        response = describe_refusal(error)
        if response is None:
            return self._crash(message.event, error)
        self._reply_error(self._of_this(message), response)
        return None

    def _of_this(self, message: Message) -> Message:
        """The message with the join that it is answered in: a client may have left that out."""
        return message if message.join_ref == self.join_ref else message._replace(join_ref=self.join_ref)

    def _reply_error(self, message: Message, response: object) -> None:
        try:
            self.connection.reply(message, "error", response)
        except Exception as error:  # what a Refused holds can't be written
            self._log(message.event, error)
            self.connection.reply(message, "error", {"reason": "refused"})

    def _put_info(self, method: ChannelMethod, payload: object) -> None:
        if self.state not in ("joining", "joined"):
            return
        if self._mailbox.waiting >= MAX_WAITING:
            self._forget_waiting()
            self._mailbox.put(self._overflow)
            return
        self._mailbox.put(self._inform, method, payload)

    def _inform(self, method: ChannelMethod, payload: object) -> Coroutine[Any, Any, None] | None:
        if self.state != "joined":
            return None
        try:
            value = method.call(Call(self.channel, payload, self.values))
        except BaseException as error:
            return self._crash(method.function.__name__, error)
        return self._inform_waiting(method, value) if method.waits else None

    async def _inform_waiting(self, method: ChannelMethod, coroutine: Coroutine[Any, Any, object]) -> None:
        try:
            await coroutine
        except GeneratorExit:
            raise
        except BaseException as error:
            rest = self._crash(method.function.__name__, error)
            if rest is not None:
                await rest

    def _overflow(self) -> Coroutine[Any, Any, None] | None:
        if self.state != "joined":
            return None
        return self._crash(
            "on_info",
            ChannelOverflow(
                f"more than {MAX_WAITING} broadcasts and infos waited for {self.channel!r}",
                where=describe_class(self.compiled.kind),
                why="its methods take longer than the events they are called with need to come",
                fix="do less in @on_broadcast and @on_info methods, or let the client get the broadcasts themselves",
            ),
        )

    # The end

    def _crash(self, event: str, error: BaseException) -> Coroutine[Any, Any, None] | None:
        if self.state != "joined" or self._was_cut(error):
            return None
        self._log(event, error)
        connection = self.connection
        connection.forget_topic(self)
        connection.send(connection.serializer.write_push(self.join_ref, self.topic, ERROR, {}, self.join_ref))
        self._forget_waiting()
        return self._leave("crashed", None)

    def _leave(self, reason: str, message: Message | None) -> Coroutine[Any, Any, None] | None:
        connection = self.connection
        if message is not None:
            connection.reply(message, "ok", {})
        was_joined = self.state == "joined"
        if not was_joined:
            if self.state not in ("leaving", "ended"):
                self._end(reason)
            return None
        self.state = "leaving"
        connection.forget_topic(self)
        connection.fanout.leave(self)
        if self._infos is not None:
            self._infos.release()
        self._run_end_hooks(reason)
        try:
            left = self.compiled.leave(self.channel, reason)
        except BaseException as error:
            self._log("leave", error)
            left = None
        if inspect.isawaitable(left):
            return self._leave_waiting(reason, left)
        self._end(reason)
        return None

    async def _leave_waiting(self, reason: str, left: Any) -> None:
        try:
            await left
        except GeneratorExit:
            raise
        except BaseException as error:
            if not self._was_cut(error):
                self._log("leave", error)
        self._end(reason)

    def _run_end_hooks(self, reason: str) -> None:
        hooks, self.at_end = self.at_end, None
        for hook in hooks or ():
            try:
                hook(reason)
            except Exception as error:
                self._log("leave", error)

    def _end(self, reason: str) -> None:
        self.state = "ended"
        if self._timer is not None:
            self._timer.cancel()
        if self._infos is not None:  # of a join that was refused, or of `leave` itself
            self._infos.release()
        connection = self.connection
        connection.kept -= self._kept
        self._kept = 0
        connection.forget_topic(self)
        if reason not in ("crashed", "refused"):
            connection.send(connection.serializer.write_push(self.join_ref, self.topic, CLOSE, {}, self.join_ref))
        connection.forget(self)
        after, self._after = self._after, None
        if after is not None:
            after._mailbox.release()

    def _limit(self) -> None:
        """Cancel what runs when it takes too long for who waits for the end."""
        if self.state != "ended" and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GRACE_S, self._hurry)

    def _hurry(self) -> None:
        self._timer = None
        self.interrupt()
        self._limit()

    def _forget_waiting(self) -> None:
        for work, arguments in self._mailbox.clear():
            if work == self._answer:
                self.connection.kept -= arguments[-1]

    def _was_cut(self, error: BaseException) -> bool:
        """Whether a method ended because it was cancelled by `interrupt`, and not by itself."""
        if not (self._is_cut and isinstance(error, asyncio.CancelledError)):
            return False
        self._is_cut = False
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        return True

    def _log(self, event: str, error: BaseException) -> None:
        name = self.compiled.kind.__name__
        context = self.connection.websocket.context
        _log.error("%s failed in %r on %s %s", name, event, self.topic, context.trace_id, exc_info=error)
        self.connection.fanout.report(error, context.request)
