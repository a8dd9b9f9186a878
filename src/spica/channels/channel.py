"""Channel: what a client joins by a topic, and what answers its messages there.

Rules of this file:
- One object lives from a join to its end; your own attributes are its state. Its methods run one after the other, those
  of other channels beside them.
- What stands here is what users call; how a channel lives is in `membership.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from spica.channels.errors import ChannelUsage
from spica.channels.keywords import find_unknown
from spica.channels.presence import Presence
from spica.http.context import Context

if TYPE_CHECKING:  # a membership holds the channel
    from asyncio import TimerHandle

    from spica.channels.membership import Membership

Topics = str | Iterable[str]


class Channel:
    """Answers the clients that have joined a topic.

    Args:    topic: of the class: the pattern of its topics, or several.
    Example:
        >>> class Chat(Channel, topic="room:{room_id:int}"):
        ...     async def join(self, room_id: int) -> dict[str, int]:
        ...         return {"room": room_id}
    """

    topics: tuple[str, ...] = ()
    """The patterns that it is joined by."""

    presence = Presence()
    """Who is there: `self.presence.track(key, meta)` and the like, `ChatChannel.presence("room:7")` from anywhere."""

    _membership: Membership | None = None

    def __init_subclass__(cls, *, topic: Topics = (), **others: Any) -> None:
        try:
            super().__init_subclass__(**others)
        except TypeError as error:
            mistake = find_unknown(cls, others, 'topic="room:{room_id:int}"')
            if mistake is None:
                raise
            raise mistake from error
        if topic:
            # What is no text is told at boot.
            cls.topics = (topic,) if isinstance(topic, str | bytes) or not isinstance(topic, Iterable) else tuple(topic)

    # What it knows

    @property
    def topic(self) -> str:
        """The topic that was joined, `room:7`."""
        return self._joined.topic

    @property
    def params(self) -> Any:
        """The payload of the join."""
        return self._joined.params

    @property
    def socket(self) -> Any:
        """The socket that it was joined on: what `connect` of your class has set is there."""
        return self._joined.connection.socket

    @property
    def context(self) -> Context:
        """The context of the request that the socket came from: session, cookies, current_user."""
        context: Context = self._joined.connection.websocket.context
        return context

    # What its clients are sent

    async def push(self, event: str, payload: object = None) -> None:
        """Send an event to this client alone; waits while it takes less than is sent.

        What is pushed during `join` is sent behind its reply, and nothing is sent to a client that is gone.

        Args:    event: its name; payload: what JSON can hold, None for {}; or octets.
        Raises:  UnencodableValue.
        """
        membership = self._joined
        if not membership.push(event, {} if payload is None else payload):
            await membership.connection.room()

    async def broadcast(self, event: str, payload: object = None) -> None:
        """Send an event to everybody who has joined this topic, on all nodes, this client included.

        Raises:  BrokerUnavailable when other nodes can't be told, this one was; UnencodableValue, PayloadTooLarge.
        """
        membership = self._joined
        await membership.connection.bus.broadcast(membership.topic, event, {} if payload is None else payload)

    async def broadcast_from(self, event: str, payload: object = None) -> None:
        """Send an event to everybody who has joined this topic but this client. Raises as `broadcast`."""
        membership = self._joined
        content = {} if payload is None else payload
        await membership.connection.bus.broadcast(membership.topic, event, content, sender=self)

    # What it is sent by the server

    def send_after(self, seconds: float, event: str, *arguments: Any, **named: Any) -> TimerHandle:
        """Call the `@on_info` method of an event once, in this many seconds; its end ends that, too.

        Returns: what may be cancelled.
        Raises:  ChannelUsage when no method is there for the event.
        """
        return self._joined.infos.send_after(seconds, event, arguments, named)

    def subscribe(self, topic: str) -> Callable[[], None]:
        """Have the `@on_info` methods called with what is broadcast to another topic; events without one are left.

        Returns: what ends it; the channel's end does as well.
        """
        membership = self._joined
        return membership.infos.subscribe(membership.connection.bus, topic)

    async def close(self, reason: str = "closed") -> None:
        """End it after what runs now: the client is told that it is closed, `leave` gets the reason."""
        self._joined.close(reason)

    # What you write

    def join(self, *args: Any, **kwargs: Any) -> Any:
        """Called when a client joins; what is returned is the reply. An exception refuses it.

        Write your own, async or plain, with parameters: those of the topic, and fields of the join's payload.
        """

    def leave(self, reason: str) -> Any:
        """Called once when a channel that was joined ends.

        Args:    reason: "left" by its client, "closed" with its socket or by `close`, "lost" with its connection,
                 "crashed", "replaced" by another join of the client, "shutdown" of the server.
        """

    @property
    def _joined(self) -> Membership:
        membership = self._membership
        if membership is None:
            raise ChannelUsage(
                f"this {type(self).__name__} belongs to no socket",
                why="a channel is made when a client joins its topic",
                fix="to send something from elsewhere: await pubsub.broadcast(topic, event, payload)",
            )
        return membership

    def __repr__(self) -> str:
        membership = self._membership
        return f"<{type(self).__name__} {membership.topic if membership is not None else 'of no socket'}>"
