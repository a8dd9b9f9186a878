"""The local broker: the processes of one application on one host, without a server.

    a process        announces a socket in the application's folder, and connects to all that it finds there
    hello            what a link begins with; who hears one from a process that it has no link to connects to it
    a pair           two links, each one way: a process is there when both are

Rules of this file:
- A process that ends closes its links, whatever way it ended: the others know at once. Its socket is removed by who
  finds that nobody listens there.
- Who takes messages more slowly than they come is waited for, a moment; after that the others go on without it, and
  what it has not taken waits in memory. Beyond a bound its link is closed. It finds out when it reads on, says hello,
  and is there again: those who listen to peers learn that messages are missing.
- What cleans up /tmp may remove a socket that is in use: every process looks after its own.
Source:  ADR 0035 (why sockets, and why this folder).
"""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import socket
from pathlib import Path

from spica.pubsub.broker import Peer, Receive
from spica.pubsub.brokers.local_folder import Folder, is_node
from spica.pubsub.brokers.local_links import MAX_WAITING_BYTES, Incoming, Outgoing, build_frame
from spica.pubsub.errors import BrokerUnavailable, BrokerUrlError

# Beyond this a publisher waits for a process, as long as it takes this many octets in this time.
HIGH_WATER_BYTES = 1_048_576
LEAST_BYTES = 262_144
PATIENCE_S = 0.5
# How long a start waits until the processes that it found have answered: one may stand still.
ANSWER_S = 0.3
FAREWELL_S = 1.0
TEND_S = 5.0
_HELLO = b"spica-pubsub-hello 1 "
_log = logging.getLogger("spica.pubsub")


class LocalBroker:
    """Reaches the other processes of an application on this host.

    Args:    url: "local", or "local:///a/folder" to meet there; name: of the application, the same in all processes.
    Raises:  BrokerUrlError.
    """

    tells_peers = True

    def __init__(self, url: str, name: str) -> None:
        self._folder = build_folder(url, name)
        self._node = ""
        self._listener: socket.socket | None = None
        self._outgoing: dict[str, Outgoing] = {}
        self._incoming: dict[str, Incoming] = {}
        self._accepted: set[Incoming] = set()
        self._dropped: set[str] = set()
        self._awaited: set[str] = set()
        self._answered = asyncio.Event()
        self._tending: asyncio.TimerHandle | None = None
        self._process = 0

    async def start(self, node: str, receive: Receive, peer: Peer) -> None:
        """Announce this process, connect to the others, and wait a moment until they have connected to it.

        Raises:  FolderRefused, BrokerUnavailable.
        """
        self._abandon()
        self._loop = asyncio.get_running_loop()
        self._answered = asyncio.Event()
        self._node, self._receive, self._peer = node, receive, peer
        self._process = os.getpid()
        self._hello = build_frame(_HELLO + node.encode())
        self._announce()
        self._find_others()
        self._awaited = set(self._outgoing) - set(self._incoming)
        self._tending = self._loop.call_later(TEND_S, self._tend)
        if self._awaited:
            try:
                await asyncio.wait_for(self._answered.wait(), ANSWER_S)
            except TimeoutError:
                _log.info("%d processes of this application have not answered yet", len(self._awaited))
            except BaseException:  # stopped meanwhile
                self._close()
                raise

    async def publish(self, message: bytes) -> None:
        """Send a message to every process that is there."""
        frame = build_frame(message)
        slow: list[Outgoing] = []
        for node, link in tuple(self._outgoing.items()):
            link.send(frame)
            if link.waiting > HIGH_WATER_BYTES:
                if link.waiting > MAX_WAITING_BYTES:
                    self._drop(node, link)
                elif not link.is_lagging:
                    slow.append(link)
        while slow:
            before = [(link, link.taken) for link in slow]
            await asyncio.wait([link.drained() for link in slow], timeout=PATIENCE_S)
            slow = [link for link, taken in before if self._is_worth_waiting_for(link, taken)]

    async def check(self) -> None:
        """Make sure that the others can find this process. Raises BrokerUnavailable."""
        self._look_after_own()

    async def stop(self) -> None:
        """Give the others a moment to take what waits for them, and leave."""
        self._folder.withdraw(self._node)
        waiting = [link.drained() for link in self._outgoing.values() if link.waiting and not link.is_lagging]
        try:
            if waiting:
                await asyncio.wait(waiting, timeout=FAREWELL_S)
        finally:
            self._close()

    def _is_worth_waiting_for(self, link: Outgoing, taken_before: int) -> bool:
        if link.waiting <= HIGH_WATER_BYTES or link.is_lagging:
            return False
        if link.taken - taken_before >= LEAST_BYTES:
            return True
        link.is_lagging = True
        return False

    # Finding each other

    def _announce(self) -> None:
        self._listener = self._folder.announce(self._node)
        self._loop.add_reader(self._listener, self._accept)

    def _find_others(self) -> None:
        for node in self._folder.list_nodes():
            if node not in self._dropped:
                self._connect(node)

    def _connect(self, node: str) -> None:
        if node == self._node or node in self._outgoing or self._listener is None:
            return
        try:
            peer = self._folder.connect(node)
        except OSError as error:  # tried again when this process looks around
            _log.debug("no link to the process %s: %s", node, error)
            return
        if peer is None:
            return
        link = Outgoing(peer, self._loop, functools.partial(self._lose_outgoing, node))
        self._outgoing[node] = link
        link.send(self._hello)
        self._note(node)

    def _accept(self) -> None:
        listener = self._listener
        assert listener is not None
        try:
            peer, _ = listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            # Without descriptors it would be asked again at once, and again.
            _log.warning("a process of this application can't be heard: %s", error)
            self._loop.remove_reader(listener)
            self._loop.call_later(1.0, self._accept_again, listener)
            return
        peer.setblocking(False)
        self._accepted.add(Incoming(peer, self._loop, self._take, self._lose_incoming))

    def _accept_again(self, listener: socket.socket) -> None:
        if listener is self._listener:
            self._loop.add_reader(listener, self._accept)

    def _tend(self) -> None:
        """Look after this process's socket, and for others that were missed."""
        self._tending = self._loop.call_later(TEND_S, self._tend)
        try:
            self._look_after_own()
        except BrokerUnavailable as error:
            _log.warning("%s", error)
        self._find_others()

    def _look_after_own(self) -> None:
        if self._listener is None or self._folder.is_announced(self._node):
            return
        _log.warning("this process's socket was removed from %s; it gets another", self._folder.path)
        self._loop.remove_reader(self._listener)
        self._listener.close()
        self._announce()

    # What comes in

    def _take(self, link: Incoming, content: bytes) -> None:
        if link.node and not content.startswith(_HELLO):
            self._receive(content)
        elif content.startswith(_HELLO) and is_node(node := content[len(_HELLO) :].decode("ascii", "replace")):
            self._greet(link, node)
        else:
            _log.warning("a link without a hello was closed: another version of Spica?")
            link.close()
            self._accepted.discard(link)

    def _greet(self, link: Incoming, node: str) -> None:
        """A process says that it is there: for the first time, or because it has no link from here any more."""
        if not link.node:
            link.node = node
            self._incoming[node] = link
        self._dropped.discard(node)
        self._connect(node)
        self._note(node)

    def _note(self, node: str) -> None:
        if node in self._outgoing and node in self._incoming:
            self._awaited.discard(node)
            if not self._awaited:
                self._answered.set()
            self._peer(node, True)

    # What ends

    def _lose_incoming(self, link: Incoming) -> None:
        self._accepted.discard(link)
        if self._incoming.get(link.node) is not link:
            return
        del self._incoming[link.node]
        self._dropped.discard(link.node)
        self._peer(link.node, False)
        outgoing = self._outgoing.get(link.node)
        if outgoing is not None:
            outgoing.send(self._hello)  # it lives and connects again, or this finds that it is gone
        else:
            self._connect(link.node)

    def _lose_outgoing(self, node: str, link: Outgoing) -> None:
        if self._outgoing.get(node) is link:
            del self._outgoing[node]
            self._peer(node, False)
            # Not from within a loop over the links. A process that is gone loses its socket by this.
            self._loop.call_soon(self._connect, node)

    def _drop(self, node: str, link: Outgoing) -> None:
        """Give up a process that takes nothing, until it says hello."""
        _log.warning("the process %s takes no messages: %s octets waited for it and are dropped", node, link.waiting)
        del self._outgoing[node]
        self._dropped.add(node)
        link.close()
        self._peer(node, False)

    def _close(self) -> None:
        links: list[Outgoing | Incoming] = [*self._outgoing.values(), *self._accepted]
        self._outgoing.clear()
        self._incoming.clear()
        self._accepted.clear()
        for link in links:
            link.close()
        if self._tending is not None:
            self._tending.cancel()
        listener, self._listener = self._listener, None
        if listener is not None:
            self._loop.remove_reader(listener)
            listener.close()
        self._folder.withdraw(self._node)

    def _abandon(self) -> None:
        """Close what belonged to an event loop that was closed without a stop, or to the process that this one is a
        copy of."""
        links: list[Outgoing | Incoming] = [*self._outgoing.values(), *self._accepted]
        for link in links:
            link.abandon()
        if self._listener is not None:
            self._listener.close()
            if self._process == os.getpid():
                self._folder.withdraw(self._node)
        self._listener = None
        self._outgoing, self._incoming, self._accepted = {}, {}, set()
        self._dropped, self._awaited = set(), set()


def build_folder(url: str, name: str) -> Folder:
    """The folder in which the processes of an application meet; nothing is made. Raises BrokerUrlError."""
    return Folder(_folder_of(url), name)


def _folder_of(url: str) -> Path | None:
    """The folder that a URL names, None for the usual one."""
    if url == "local":
        return None
    prefix, _, path = url.partition("://")
    if prefix != "local" or not path.startswith("/") or "?" in path or "#" in path:
        raise BrokerUrlError(
            f"the local broker has no address like {url!r}",
            where="[pubsub] url",
            why="it has no server; all that can be named is an absolute folder in which processes meet",
            fix='url = "local", or url = "local:///run/shop"',
        )
    return Path(path)
