"""What can go wrong with pub/sub, one class a mistake.

SpicaError
└── PubSubError              P000
    ├── BrokerUnavailable    P001  also a 503
    │   └── FolderRefused    P002
    ├── BrokerUrlError       P003
    ├── PayloadTooLarge      P004
    ├── InvalidTopic         P005
    ├── SubscriberTooSlow    P006
    ├── NoPubSub             P007
    ├── WrongEventLoop       P008
    └── BrokerLibraryMissing P009
"""

from __future__ import annotations

from typing import ClassVar

from spica.errors.base import SpicaError
from spica.errors.http import ServiceUnavailable


class PubSubError(SpicaError):
    """Base of the errors of pub/sub."""

    code: ClassVar[str] = "SPICA-P000"


class BrokerUnavailable(PubSubError, ServiceUnavailable):
    """Other processes can't be reached: the broker's server does not answer, or its folder can't be used.

    A broadcast that raises it has reached the subscribers of its own process. Where nobody catches it, it is a 503,
    and the client is told no more than that: not where the broker is.
    """

    code = "SPICA-P001"

    def __init__(self, what: str, *, where: str = "", why: str = "", fix: str = "") -> None:
        PubSubError.__init__(self, what, where=where, why=why, fix=fix)
        self.detail = "The service is not available at the moment; try again later."
        self.fields = (("retry-after", "1"),)


class FolderRefused(BrokerUnavailable):
    """The folder in which the processes of this host find each other belongs to somebody else, or others may enter."""

    code = "SPICA-P002"


class BrokerUrlError(PubSubError):
    """`[pubsub] url` can't be read: an unknown scheme, or a part that its broker doesn't take."""

    code = "SPICA-P003"


class PayloadTooLarge(PubSubError):
    """The payload of a broadcast is larger than 1 MiB as JSON, or as octets."""

    code = "SPICA-P004"


class InvalidTopic(PubSubError, ValueError):
    """A topic, or the name of an event, is no text, empty, or longer than 1,024 characters."""

    code = "SPICA-P005"


class SubscriberTooSlow(PubSubError):
    """A reader of a subscription took longer over events than they came, and some were dropped; the oldest first.

    The subscription goes on: who catches this reads what is current, and goes on from there.
    """

    code = "SPICA-P006"

    def __init__(self, what: str, *, missed: int, where: str = "", why: str = "", fix: str = "") -> None:
        super().__init__(what, where=where, why=why, fix=fix)
        self.missed = missed


class NoPubSub(PubSubError):
    """`pubsub.broadcast` or `pubsub.subscribe` was called before an application was started in this process."""

    code = "SPICA-P007"


class WrongEventLoop(PubSubError):
    """A subscription was made on another event loop than the one that the application runs on."""

    code = "SPICA-P008"


class BrokerLibraryMissing(PubSubError):
    """The package that talks to the broker's server is not installed."""

    code = "SPICA-P009"
