"""Socket: one connection of a client, over which it joins channels.

Rules of this file:
- `connect` decides whether a client may come at all; what it sets on the socket is there for all its channels.
- Subclass it and list `channels`; `r.socket("/socket", UserSocket)` gives it an address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from spica.channels.channel import Channel
from spica.channels.errors import ChannelUsage
from spica.channels.keywords import find_unknown
from spica.http.context import Context
from spica.pubsub.current import current

if TYPE_CHECKING:  # a connection holds the socket
    from spica.channels.connection import Connection

DISCONNECT = "disconnect"
_LONGEST_ID = 255


class Socket:
    """One client, and what is known of it.

    Example:
        >>> from spica import Socket, tokens
        >>> class UserSocket(Socket):
        ...     channels = []
        ...     async def connect(self, token: str) -> None:
        ...         self.user_id = tokens.verify("socket", token, max_age=86_400)
        ...         self.id = f"user:{self.user_id}"
    """

    channels: ClassVar[Sequence[type[Channel]]] = ()
    """The channels that can be joined over it."""

    max_channels: ClassVar[int] = 100
    """How many of them at a time."""

    max_waiting: ClassVar[int] = 2_097_152
    """How many characters, or octets, of messages may wait for their methods, in all channels; what a channel keeps of
    a long join is among them. One message may always."""

    id: str | None = None
    """What `disconnect` finds it by, set in `connect`."""

    _connection: Connection | None = None

    def __init_subclass__(cls, **others: Any) -> None:
        try:
            super().__init_subclass__(**others)
        except TypeError as error:
            attributes = ("channels", "max_channels", "max_waiting", "id")
            mistake = find_unknown(cls, others, attributes=attributes)
            if mistake is None:
                raise
            raise mistake from error

    @property
    def context(self) -> Context:
        """The context of the request that it came from: session, cookies, current_user."""
        context: Context = self._connected.websocket.context
        return context

    def connect(self, *args: Any, **kwargs: Any) -> Any:
        """Called before the handshake is answered; False, or an HttpError, refuses it.

        Write your own, with parameters as a handler has them: of the query, headers, cookies, the session, providers.
        """

    def disconnected(self, code: int, reason: str) -> Any:
        """Called once at the end, when all channels have left: with the code of the WebSocket's Close frame."""

    @classmethod
    async def disconnect(cls, id: str) -> None:
        """End every socket of this class that has set this `id`, on all nodes: its user was signed out.

        Raises: BrokerUnavailable when other nodes can't be told; this one was.
        """
        await current().broadcast(cls.topic_of(id), DISCONNECT)

    @classmethod
    def topic_of(cls, id: str) -> str:
        """The topic on which sockets hear that they are to end."""
        if len(id) > _LONGEST_ID:
            id = f"sha256:{hashlib.sha256(id.encode(errors='surrogatepass')).hexdigest()}"
        return f"spica:socket:{cls.__module__}.{cls.__qualname__}:{id}"

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye to the client; all its channels leave.

        Args:    code: 1000 to 1003, 1007 to 1014, or 3000 to 4999; reason: up to 123 octets, for people.
        Raises:  ValueError for another code or a longer reason.
        """
        await self._connected.websocket.close(code, reason)

    @property
    def _connected(self) -> Connection:
        connection = self._connection
        if connection is None:
            raise ChannelUsage(
                f"this {type(self).__name__} is not connected",
                why="while connect runs, the handshake is not answered: the context is one of its parameters",
                fix="write async def connect(self, ctx: Context), and raise Forbidden to refuse",
            )
        return connection
