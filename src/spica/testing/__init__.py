"""Tests for applications: a client that enters where production enters, and expectations that read as sentences."""

from spica.testing.channels import ChannelEnded, ClientChannel, JoinRefused, PushRefused
from spica.testing.client import Client
from spica.testing.clock import Clock
from spica.testing.event_stream import ClientEvents, ReceivedEvent, StreamEnded
from spica.testing.factory import Factory, lazy, reference, sequence
from spica.testing.live import running_client
from spica.testing.mock_server import MockServer
from spica.testing.multipart import File
from spica.testing.n_plus_one import allow_n_plus_one
from spica.testing.queries import assert_queries
from spica.testing.response import BrokenResponse, ClientResponse
from spica.testing.websocket import ClientSocket, SocketRefused

__all__ = [
    "BrokenResponse",
    "ChannelEnded",
    "Client",
    "ClientChannel",
    "ClientEvents",
    "ClientResponse",
    "ClientSocket",
    "Clock",
    "Factory",
    "File",
    "JoinRefused",
    "MockServer",
    "PushRefused",
    "ReceivedEvent",
    "SocketRefused",
    "StreamEnded",
    "allow_n_plus_one",
    "assert_queries",
    "lazy",
    "reference",
    "running_client",
    "sequence",
]
