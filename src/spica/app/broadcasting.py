"""The bus of an application: which broker it has, and what tells its processes from those of others.

Rules of this file:
- Processes of one application on one host find each other by a name that all of them can work out: its name and
  environment with its secret key, which outlives a new release in another folder; without a key with the file that
  made it. On a server it is the application's name and environment. `[pubsub] name` replaces all of that.
- A folder that `[pubsub] url` names is looked at when the application starts, by commands that only compile it never.
- Servers are connected to when the application starts, so that `/ready` knows; processes of the same host when
  the application has channels, or somebody listens or broadcasts.
"""

from __future__ import annotations

import hashlib
import hmac

from spica.app.health import Health
from spica.config.in_force import pubsub_url
from spica.config.loader import find_place
from spica.config.settings import Settings
from spica.pubsub.brokers import LOCAL, MEMORY, build_broker, scheme_of
from spica.pubsub.bus import PubSub
from spica.pubsub.errors import BrokerLibraryMissing, BrokerUnavailable, BrokerUrlError


def build_bus(settings: Settings, made_at: str, health: Health, *, declared_at: str = "") -> PubSub:
    """Make the bus that [pubsub] describes; nothing is connected.

    Args:    made_at: the project's folder, or the file that made the application; health: asks the bus once it is used;
             declared_at: the line that made the application, for one in one file.
    Raises:  BrokerUrlError, BrokerLibraryMissing; with the place of the URL.
    """
    url = pubsub_url(settings)
    try:
        broker = build_broker(url, _name(settings, made_at))
    except (BrokerUrlError, BrokerLibraryMissing) as error:
        error.where = f"{_find_place(settings, declared_at)}  {error.where or '[pubsub] url'}".strip()
        raise
    bus = PubSub(broker, on_use=lambda: health.add("pubsub", bus.check))
    return bus


def check_folder(settings: Settings, made_at: str, *, declared_at: str = "") -> None:
    """Make sure that processes can meet in a folder that [pubsub] url names; called when the application starts.

    The usual folder, which nobody has chosen, is no reason not to start: the log and `/ready` tell.

    Args:    as of `build_bus`.
    Raises:  BrokerUnavailable, FolderRefused; with the place of the URL.
    """
    url = pubsub_url(settings)
    if url == LOCAL or scheme_of(url) != LOCAL:
        return
    # Lazy: a broker's module is imported where a URL names it.
    from spica.pubsub.brokers.local import build_folder

    try:
        build_folder(url, _name(settings, made_at)).check()
    except BrokerUnavailable as error:
        error.where = f"{_find_place(settings, declared_at)}  [pubsub] url\n{error.where}".strip()
        raise


def start_bus(bus: PubSub, settings: Settings, *, has_channels: bool) -> None:
    """Connect in the background, where there is a server to connect to, or somebody listens already or will."""
    if has_channels or bus.has_listeners or scheme_of(pubsub_url(settings)) not in (LOCAL, MEMORY):
        bus.start_soon()


def _name(settings: Settings, made_at: str) -> str:
    """What tells this application from others, where it meets its own."""
    if settings.pubsub.name:
        return settings.pubsub.name
    if scheme_of(pubsub_url(settings)) == LOCAL:
        return _identity(settings, made_at)
    return f"{settings.app.name}.{settings.env}"


def _find_place(settings: Settings, declared_at: str) -> str:
    """Where the URL was written."""
    return find_place(settings, "pubsub", "url") or ("" if settings.root else declared_at)


def _identity(settings: Settings, made_at: str) -> str:
    secret = settings.app.secret_keys[:1] or [f"no secret, made at {made_at}"]
    said = f"pubsub\0{settings.env}\0{settings.app.name}"
    return hmac.digest(secret[0].encode(), said.encode(), hashlib.sha256).hex()[:16]
