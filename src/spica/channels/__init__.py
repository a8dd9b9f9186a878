"""Channels: clients join topics over one socket, and talk with what stands there; the protocol is Phoenix's.

`r.socket("/socket", UserSocket)` gives a class of `Socket` an address, its `channels` are joined by their topics.
"""

from spica.channels.channel import Channel
from spica.channels.errors import (
    ChannelError,
    ChannelOverflow,
    ChannelUsage,
    DuplicateTopic,
    InvalidHandler,
    InvalidSocket,
    InvalidTopicPattern,
    Refused,
    UnknownKeyword,
)
from spica.channels.handlers import on, on_broadcast, on_info
from spica.channels.socket import Socket

__all__ = [
    "Channel",
    "ChannelError",
    "ChannelOverflow",
    "ChannelUsage",
    "DuplicateTopic",
    "InvalidHandler",
    "InvalidSocket",
    "InvalidTopicPattern",
    "Refused",
    "Socket",
    "UnknownKeyword",
    "on",
    "on_broadcast",
    "on_info",
]
