"""Making a plan: the configuration of a folder, and what was typed, which wins.

`python -m spica.server.planning TYPED` prints the plan as JSON: a supervisor reads the configuration again by it, with
fresh code and without keeping any of it in its own memory.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from spica.config.in_force import DEFAULT_PID_FILE
from spica.config.settings import Settings
from spica.errors.base import SpicaError
from spica.server.address import bracketed
from spica.server.backend import check_backend
from spica.server.cpus import assign_cpus, usable_cores
from spica.server.errors import RuntimeSettingError
from spica.server.plan import Plan, Typed

CONFIGURATION = ("config/server.toml", "config/app.toml")


def load_settings(folder: Path) -> Settings:
    """Read the configuration of a project's folder; the defaults for a folder that is none.

    Raises:  ConfigurationError, UnknownEnvironment.
    """
    if not any((folder / name).is_file() for name in CONFIGURATION):
        return Settings()
    from spica.config import loader  # here, not above: an application in one file has no TOML to read

    return loader.load(folder)


def build_plan(typed: Typed, settings: Settings) -> Plan:
    """Put what was typed over the configuration.

    Raises:  RuntimeSettingError: a backend or a core that can't be used, TLS without a certificate; CertificateError.
    """
    server, runtime = settings.server, settings.runtime
    check_backend(runtime.backend)
    wanted = typed.workers if typed.workers is not None else server.workers
    workers = usable_cores() if wanted == "all" else int(wanted)
    is_supervised = workers > 1 or typed.supervise or server.supervise
    cpus = assign_cpus(runtime.cpu_affinity, workers)
    asked = typed.pid_file if typed.pid_file is not None else server.pid_file
    pid_file = asked if asked is not None else DEFAULT_PID_FILE if is_supervised else ""
    return Plan(
        typed=typed,
        binds=_choose_binds(typed, settings),
        binds_typed=bool(typed.binds) or typed.host is not None or typed.port is not None,
        socket_mode=int(server.socket_mode, 8),
        workers=workers,
        cpus=None if cpus is None else tuple(cpus),
        access_log=None if typed.quiet or server.access_log == "off" else server.access_log,
        grace_s=server.shutdown_timeout,
        delay_s=server.shutdown_delay,
        boot_s=server.boot_timeout,
        watchdog_s=server.watchdog_timeout,
        watchdog_kill_s=server.watchdog_kill_after,
        pid_file=os.path.join(typed.folder, pid_file) if pid_file else "",
        pid_file_wanted=bool(asked),
        backend=runtime.backend,
        event_loop=runtime.event_loop,
        worker_threads=runtime.worker_threads,
        is_supervised=is_supervised,
        certificates=_choose_certificates(typed, settings),
        tls_minimum=server.tls.minimum,
    )


def _choose_certificates(typed: Typed, settings: Settings) -> tuple[tuple[str, str], ...]:
    """Absolute paths of the certificates and keys to serve with; () for no TLS."""
    folder = Path(typed.folder)
    if typed.tls_self_signed:
        # Here, not above: servers without TLS need none of it.
        from spica.server.certificates import ensure_self_signed, names_of

        return (ensure_self_signed(folder, names_of(_choose_binds(typed, settings))),)
    if typed.tls_cert is not None:
        return (_absolute(folder, typed.tls_cert, typed.tls_key or typed.tls_cert),)
    tls = settings.server.tls
    if not tls.enabled:
        return ()
    if not tls.pairs:
        raise RuntimeSettingError(
            "[server.tls] is enabled and names no certificate",
            where="[server.tls] in config/",
            fix='set cert = "/etc/.../fullchain.pem" and key = "/etc/.../privkey.pem"',
        )
    return tuple(_absolute(folder, cert, key) for cert, key in tls.pairs)


def _absolute(folder: Path, cert: str, key: str) -> tuple[str, str]:
    return os.path.join(folder, cert), os.path.join(folder, key)


def _choose_binds(typed: Typed, settings: Settings) -> tuple[str, ...]:
    if typed.binds:
        return typed.binds
    server = settings.server
    if server.bind and typed.host is None and typed.port is None:
        return tuple(server.bind)
    host = server.host if typed.host is None else typed.host
    port = server.port if typed.port is None else typed.port
    return (f"{bracketed(host)}:{port}",)


def main() -> int:
    """Print the plan for what was typed, or `{"error": ...}`, as JSON."""
    typed = Typed.from_json(sys.argv[1])
    try:
        print(build_plan(typed, load_settings(Path(typed.folder))).to_json())
    except SpicaError as error:
        import json  # here, not above: a server without a supervisor needs none of it

        print(json.dumps({"error": str(error)}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
