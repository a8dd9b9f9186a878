"""Mistakes in channels, told when the application starts, and what ends a channel while it runs.

SpicaError
└── ChannelError              W000
    ├── InvalidTopicPattern   W001  boot
    ├── DuplicateTopic        W002  boot
    ├── InvalidHandler        W003  boot
    ├── InvalidSocket         W004  boot
    ├── UnknownKeyword        W007  boot
    ├── ChannelUsage          W005  while running: a channel is used outside of its life
    └── ChannelOverflow       W006  while running: a channel gets more than it handles
Refused                       not a SpicaError: an answer to the client
"""

from __future__ import annotations

from typing import ClassVar

from spica.errors import SpicaError


class ChannelError(SpicaError):
    """Base of the mistakes that can be made with channels."""

    code: ClassVar[str] = "SPICA-W000"


class InvalidTopicPattern(ChannelError):
    """A channel has no `topic=`, or one that can't be read: a brace is missing, a type is unknown, a name is used
    twice, something follows the rest."""

    code = "SPICA-W001"


class DuplicateTopic(ChannelError):
    """Two channels of one socket take the same topics, so that the second can never be joined."""

    code = "SPICA-W002"


class InvalidHandler(ChannelError):
    """A method of a channel or socket can't be called as it is declared: two for one event, no event or a reserved one,
    no `self`, a generator, parameters that nothing fills."""

    code = "SPICA-W003"


class InvalidSocket(ChannelError):
    """A route's socket is no class of sockets, or its `channels` are no channels."""

    code = "SPICA-W004"


class UnknownKeyword(ChannelError, TypeError):
    """The class statement of a channel or socket, or `@on` and its kin, has a keyword that there is not, such as
    `toppic=`."""

    code = "SPICA-W007"


class ChannelUsage(ChannelError):
    """A channel, or a socket, is used before it is joined or without an application that serves it."""

    code = "SPICA-W005"


class ChannelOverflow(ChannelError):
    """A channel was sent more broadcasts and messages of the server's own than it handles; it crashes, and its client
    joins anew."""

    code = "SPICA-W006"


class Refused(Exception):
    """Answer a join, or a message, with the status "error" and a value of your own; the channel lives.

    Args:    response: what JSON can hold; the client gets it as it is.
    Example:
        >>> raise Refused({"reason": "the room is full", "limit": 20})
        Traceback (most recent call last):
        ...
        spica.channels.errors.Refused: {'reason': 'the room is full', 'limit': 20}
    """

    def __init__(self, response: object) -> None:
        super().__init__(response)
        self.response = response
