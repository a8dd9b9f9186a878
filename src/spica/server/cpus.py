"""Processor cores: how many this process may use, and which one a worker is pinned to.

Source: sched_getaffinity(2); the kernel's cgroup-v2.rst, "cpu.max", and sched-bwc.rst for version 1.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal

from spica.server.errors import RuntimeSettingError


def usable_cpus() -> list[int]:
    """List the cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def usable_cores(root: str = "/sys/fs/cgroup", own: str = "/proc/self/cgroup") -> int:
    """Count the cores worth a worker each: those of the affinity mask, at most what the control group's quota gives.

    Args:    root: where control groups are mounted; own: the list of the process's own groups.
    Returns: 1 or more; a quota of 1.5 cores counts as 2.
    """
    cores = len(usable_cpus())
    quota = _quota(root, own)
    return max(1, min(cores, quota)) if quota is not None else cores


def assign_cpus(wanted: Literal["off", "auto"] | Sequence[int], workers: int) -> list[int] | None:
    """Give each worker a core, in turn.

    Args:    wanted: "off", "auto" for all usable ones, or core numbers; workers: how many.
    Returns: a core a worker; None for no pinning.
    Raises:  RuntimeSettingError: a core that this process may not use, or a system without pinning.
    """
    if wanted == "off":
        return None
    if not hasattr(os, "sched_setaffinity"):
        raise _no_pinning()
    usable = usable_cpus()
    chosen = usable if isinstance(wanted, str) else list(wanted)
    missing = [cpu for cpu in chosen if cpu not in usable]
    if missing or not chosen:
        raise RuntimeSettingError(
            f"core {missing[0]} can't be used" if missing else "no core is named",
            where="[runtime] cpu_affinity",
            why=f"this process may run on {', '.join(map(str, usable))}",
            fix='name some of these, or set it to "auto"',
        )
    return [chosen[number % len(chosen)] for number in range(workers)]


def pin_to(cpu: int) -> None:
    """Run this process on one core.

    Raises:  RuntimeSettingError: a system without pinning, such as macOS.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise _no_pinning()
    os.sched_setaffinity(0, {cpu})


def _no_pinning() -> RuntimeSettingError:
    return RuntimeSettingError(
        "this system can't pin processes to cores", where="[runtime] cpu_affinity", fix='set it to "off"'
    )


def _quota(root: str, own: str) -> int | None:
    """Read the narrowest quota of the group and those around it, in cores, rounded up; None for no quota."""
    quotas = [found for folder in _group_folders(root, own) if (found := _read_quota(folder)) is not None]
    return min(quotas, default=None)


def _group_folders(root: str, own: str) -> list[str]:
    # Inside a container the mount shows the container's own group at its root.
    folders = [root, f"{root}/cpu"]
    for line in _read(own).splitlines():
        _, controllers, path = line.split(":", 2)
        base = root if not controllers else f"{root}/cpu" if "cpu" in controllers.split(",") else ""
        while base and path.strip("/"):
            folders.append(base + path)
            path = path.rpartition("/")[0]
    return folders


def _read_quota(folder: str) -> int | None:
    words = _read(f"{folder}/cpu.max").split() or [
        *_read(f"{folder}/cpu.cfs_quota_us").split(),
        *_read(f"{folder}/cpu.cfs_period_us").split(),
    ]
    if len(words) != 2 or not words[0].isdigit() or not words[1].isdigit():
        return None  # "max", or -1: unlimited
    return -(-int(words[0]) // int(words[1]))


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""
