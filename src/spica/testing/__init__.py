"""Tests for applications: a client that enters where production enters, and expectations that read as sentences."""

from spica.testing.client import Client
from spica.testing.multipart import File
from spica.testing.response import BrokenResponse, ClientResponse
from spica.testing.websocket import ClientSocket, SocketRefused

__all__ = ["BrokenResponse", "Client", "ClientResponse", "ClientSocket", "File", "SocketRefused"]
