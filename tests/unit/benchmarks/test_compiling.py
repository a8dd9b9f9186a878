"""What the template benchmark compiles and loads: pages of 100 lines, from the disk when they were compiled before."""

from pathlib import Path

import pytest

from benchmarks.rendering import compiling
from spica.templates import engine


def test_costs_are_those_of_compiling_and_of_loading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "LOADED", 5)
    compiled: list[str] = []
    real = engine.compile_template

    def spy(document, library, *, streams=False):
        compiled.append(document.source.name)
        assert not document.source.name.endswith(("plain", "page")) or document.source.text.count("\n") == 100
        return real(document, library, streams=streams)

    monkeypatch.setattr(engine, "compile_template", spy)
    plain, page, load = compiling.measure_compiling(rounds=2)
    assert compiled == ["plain", "plain", "page", "page", *(f"page{number}" for number in range(5))]
    assert plain.ms > (plain.floor_ms or 0) > 0
    assert page.ms > (page.floor_ms or 0) > 0
    assert load.ms > 0
    assert "(budget 2), Python's own compile()" in str(plain)
    assert "budget" not in str(page)
    assert str(load).startswith("- load 5 compiled templates: ")
