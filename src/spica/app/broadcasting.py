"""The bus of an application: which broker it has, and what tells its processes from those of others.

Rules of this file:
- Processes of one application on one host find each other by a name that all of them can work out: its name and
  environment with its secret key, which outlives a new release in another folder; without a key with the file that
  made it. On a server it is the application's name and environment. `[pubsub] name` replaces all of that.
- Servers are connected to when the application starts, so that `/ready` knows; processes of the same host when
  the application has channels, or somebody listens or broadcasts.
"""

from __future__ import annotations

import hashlib
import hmac

from spica.app.health import Health
from spica.config.in_force import pubsub_url
from spica.config.settings import Settings
from spica.pubsub.brokers import LOCAL, MEMORY, build_broker, scheme_of
from spica.pubsub.bus import PubSub


def build_bus(settings: Settings, made_at: str, health: Health) -> PubSub:
    """Make the bus that [pubsub] describes; nothing is connected.

    Args:    made_at: the project's folder, or the file that made the application; health: asks the bus once it is used.
    Raises:  BrokerUrlError.
    """
    url = pubsub_url(settings)
    name = settings.pubsub.name or (
        _identity(settings, made_at) if scheme_of(url) == LOCAL else f"{settings.app.name}.{settings.env}"
    )
    bus = PubSub(build_broker(url, name), on_use=lambda: health.add("pubsub", bus.check))
    return bus


def start_bus(bus: PubSub, settings: Settings, *, has_channels: bool) -> None:
    """Connect in the background, where there is a server to connect to, or somebody listens already or will."""
    if has_channels or bus.has_listeners or scheme_of(pubsub_url(settings)) not in (LOCAL, MEMORY):
        bus.start_soon()


def _identity(settings: Settings, made_at: str) -> str:
    secret = settings.app.secret_keys[:1] or [f"no secret, made at {made_at}"]
    said = f"pubsub\0{settings.env}\0{settings.app.name}"
    return hmac.digest(secret[0].encode(), said.encode(), hashlib.sha256).hex()[:16]
