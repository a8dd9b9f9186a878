"""The data benchmark: its subjects agree with each other, its ratios are those of a round."""

from pathlib import Path

import pytest

from benchmarks.data.operations import ALL, ROWS, Operation
from benchmarks.data.report import render_results
from benchmarks.data.rounds import Figures, measure_all
from benchmarks.data.subjects import raw_sqlite, spica_models
from benchmarks.data.tables import create_tables, shrink_tables
from spica.db import Database, use


@pytest.mark.parametrize("subject", [raw_sqlite.Subject, spica_models.Subject])
async def test_subjects_do_what_they_are_measured_for(tmp_path: Path, subject) -> None:
    url = f"sqlite://{tmp_path}/bench.db"
    await create_tables(url)
    one, previous = subject(), use(None)
    try:
        await one.open(url)
        for operation in ALL:
            await getattr(one, operation.name)(5)
        assert len(await one.list(1)) == len(await one.parent(1)) == 20
        await one.close()
    finally:
        use(previous)
    database = Database(url)
    (row,) = await database.query("select count(*) as found, sum(views = 5) as changed from posts")
    assert row["found"] > ROWS + 1000
    assert row["changed"] >= 2, "one insert and one update"
    await shrink_tables(url)
    assert (await database.query("select count(*) as found from posts"))[0]["found"] == ROWS
    await database.close()


def test_a_ratio_is_taken_within_a_round() -> None:
    limit, ours = Figures(cpu_us=[10, 100, 20]), Figures(cpu_us=[20, 150, 60])
    assert ours.ratio(limit) == 2.0
    assert Figures().ratio(limit) is None


class Child:
    """Takes twice as long as the one before, and can't do what it is told to fail at."""

    def __init__(self, name: str, us: float, fails: str = "") -> None:
        self.contender = type("Contender", (), {"name": name, "title": name})
        self.us, self.fails = us, fails

    def measure(self, operation: Operation) -> dict[str, object]:
        if operation.name == self.fails:
            return {"error": "ValueError: no"}
        return {"wall_us": self.us * operation.of, "cpu_us": self.us * operation.of}


def test_who_fails_is_told_and_left_out() -> None:
    said: list[str] = []
    children = [Child("raw", 10), Child("spica", 20), Child("other", 40, fails="get")]
    results = measure_all(children, ALL[:2], 3, said.append, lambda: None)  # type: ignore[arg-type]
    assert "other can't get by key: ValueError: no" in said
    assert results["list"]["spica"].ratio(results["list"]["raw"]) == 2.0
    table = render_results("SQLite", children, ALL[:2], results)  # type: ignore[arg-type]
    assert "x2.0" in table
    assert next(line for line in table.splitlines() if line.startswith("| other")).count(" - ") == 1
