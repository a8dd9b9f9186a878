"""The machine a result comes from: a figure without it says nothing."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import places

_SAMPLE_S = 0.5
BUSY_SHARE = 0.1
"""From this share of all cores on, other work makes the figures doubtful."""


@dataclass(frozen=True)
class Machine:
    """The hardware and the software below the servers, and how much else was running when the suite began."""

    cpu: str
    cores: int
    memory_gb: int
    kernel: str
    python: str
    compiler: str
    busy_share: float

    @property
    def kind(self) -> str:
        """What a baseline is stored under: machines of one kind give comparable ratios."""
        return f"{self.cpu}, {self.cores} cores, Python {'.'.join(self.python.split('.')[:2])}"

    @property
    def is_busy(self) -> bool:
        return self.busy_share >= BUSY_SHARE


@dataclass(frozen=True)
class Cores:
    """The core of the servers and the core of the load; the same one where the machine has no second."""

    server: int
    load: int


def choose_cores() -> Cores:
    """Take the last core this process may use for the servers, the first for the load."""
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(server=allowed[-1], load=allowed[0])


def describe_machine() -> Machine:
    """Look at the machine; takes half a second, to see how busy it is."""
    return Machine(
        cpu=_cpu_model(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        compiler=_first_line("cc", "--version"),
        busy_share=_busy_share(),
    )


def versions_of_peers() -> dict[str, str]:
    """Return the versions of the packages that requirements.txt pins, as installed; {} when the peers are not."""
    python = places.PEERS_VENV / "bin" / "python"
    if not python.exists():
        return {}
    listed = subprocess.run(
        [str(python), "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        check=True,
    )
    installed = dict(line.split("==", 1) for line in listed.stdout.split() if "==" in line)
    pinned = [line.split("==")[0] for line in places.REQUIREMENTS.read_text().splitlines() if "==" in line]
    return {name: installed[name] for name in pinned if name in installed}


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _first_line(*command: str) -> str:
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return output.partition("\n")[0]


def _busy_share() -> float:
    busy_before, all_before = _cpu_ticks()
    time.sleep(_SAMPLE_S)
    busy, everything = _cpu_ticks()
    return (busy - busy_before) / max(1, everything - all_before)


def _cpu_ticks() -> tuple[int, int]:
    # user nice system idle iowait irq softirq steal; guest time is part of user
    ticks = [int(number) for number in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)
