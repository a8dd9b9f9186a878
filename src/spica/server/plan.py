"""What a supervisor is to run: the configuration and what was typed, as plain values that go from process to process.

Rules of this file:
- The supervisor imports it, so it imports next to nothing; `planning` makes a plan. A server without a supervisor
  starts faster for not importing json.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple


class Typed(NamedTuple):
    """What was typed after `spica server`; it wins over the configuration, also when that is read again.

    Args:    target: the application, None to look for it; folder: where it is imported from; binds: addresses, [] for
             those of the configuration; the rest as in [server], None for what was not typed.
    """

    target: str | None
    folder: str
    host: str | None = None
    port: int | None = None
    binds: tuple[str, ...] = ()
    workers: int | str | None = None
    supervise: bool = False
    pid_file: str | None = None
    quiet: bool = False
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_self_signed: bool = False

    @classmethod
    def from_json(cls, text: str) -> Typed:
        """Read what `to_json` of a plan or of `typed` wrote."""
        import json

        values = json.loads(text)
        return cls(**{**values, "binds": tuple(values["binds"])})

    def to_json(self) -> str:
        """Write it for another process."""
        import json

        return json.dumps(self._asdict())


class Plan(NamedTuple):
    """What to run.

    Args:    typed: what it was made from; binds: addresses as text; binds_typed: whether they were typed; socket_mode:
             of Unix sockets; workers: how many; cpus: a core a worker, None for no pinning; access_log: None for none;
             grace_s: for requests in flight when a worker stops; delay_s: of it, before nothing is accepted any more;
             boot_s: for a worker's start, watchdog_s and
             watchdog_kill_s: for its silence, 0 for ever; pid_file: absolute, "" for none; pid_file_wanted: whether
             somebody asked for it, so that failing to write it is a mistake; backend, event_loop, worker_threads: of
             [runtime]; certificates: absolute paths of chain and key, () without TLS; tls_minimum: its oldest version;
             is_supervised: whether there is a supervisor at all.
    """

    typed: Typed
    binds: tuple[str, ...]
    binds_typed: bool
    socket_mode: int
    workers: int
    cpus: tuple[int, ...] | None
    access_log: Literal["text", "json"] | None
    grace_s: float
    delay_s: float
    boot_s: float
    watchdog_s: float
    watchdog_kill_s: float
    pid_file: str
    pid_file_wanted: bool
    backend: Literal["auto", "epoll", "kqueue", "asyncio"]
    event_loop: Literal["auto", "uvloop", "asyncio"]
    worker_threads: int | None
    is_supervised: bool
    certificates: tuple[tuple[str, str], ...] = ()
    tls_minimum: Literal["1.2", "1.3"] = "1.2"

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read what `to_json` wrote."""
        import json

        values: dict[str, Any] = json.loads(text)
        values["typed"] = Typed.from_json(json.dumps(values["typed"]))
        values["binds"] = tuple(values["binds"])
        values["certificates"] = tuple((chain, key) for chain, key in values["certificates"])
        values["cpus"] = None if values["cpus"] is None else tuple(values["cpus"])
        return cls(**values)

    def to_json(self) -> str:
        """Write it for another process."""
        import json

        return json.dumps({**self._asdict(), "typed": self.typed._asdict()})
