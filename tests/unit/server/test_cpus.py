"""Cores: how many are worth a worker, and who gets which."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica.server import cpus
from spica.server.errors import RuntimeSettingError


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpus, "usable_cpus", lambda: list(range(8)))


def count(folder: Path, own: str = "0::/\n", **files: str) -> int:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".", 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "own").write_text(own)
    return cpus.usable_cores(str(folder), str(folder / "own"))


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max 100000", 8), ("200000 100000", 2), ("150000 100000", 2), ("50000 100000", 1), ("1600000 100000", 8)],
)
def test_the_quota_of_a_container_counts(tmp_path: Path, quota: str, cores: int) -> None:
    assert count(tmp_path, cpu_max=f"{quota}\n") == cores


def test_the_narrowest_group_around_counts(tmp_path: Path) -> None:
    files = {"a__cpu_max": "300000 100000", "a__b__cpu_max": "max 100000"}
    assert count(tmp_path, own="0::/a/b\n", **files) == 3


def test_version_one(tmp_path: Path) -> None:
    (tmp_path / "cpu" / "web").mkdir(parents=True)
    (tmp_path / "cpu" / "web" / "cpu.cfs_quota_us").write_text("400000\n")
    (tmp_path / "cpu" / "web" / "cpu.cfs_period_us").write_text("100000\n")
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    assert count(tmp_path, own="5:memory:/web\n4:cpu,cpuacct:/web\n") == 4


def test_without_control_groups_the_affinity_counts(tmp_path: Path) -> None:
    assert cpus.usable_cores(str(tmp_path / "none"), str(tmp_path / "none")) == 8


def test_cores_are_given_in_turn() -> None:
    assert cpus.assign_cpus("off", 3) is None
    assert cpus.assign_cpus("auto", 3) == [0, 1, 2]
    assert cpus.assign_cpus([6, 2], 3) == [6, 2, 6]


@pytest.mark.parametrize(("wanted", "what"), [([1, 9], "core 9 can't be used"), ([], "no core is named")])
def test_a_core_that_there_is_not(wanted: list[int], what: str) -> None:
    with pytest.raises(RuntimeSettingError, match=what) as caught:
        cpus.assign_cpus(wanted, 2)
    assert caught.value.why == "this process may run on 0, 1, 2, 3, 4, 5, 6, 7"


def test_a_system_without_pinning_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.sched_setaffinity")  # as on macOS
    assert cpus.assign_cpus("off", 2) is None
    for pin in (lambda: cpus.assign_cpus("auto", 2), lambda: cpus.pin_to(0)):
        with pytest.raises(RuntimeSettingError, match="this system can't pin processes"):
            pin()
