"""Finding the tree of a server's processes, and what they are given."""

from benchmarks.processes import clean_environment, process_tree


def test_a_tree_holds_grandchildren_and_no_strangers():
    parents = {10: 1, 11: 10, 12: 11, 13: 11, 20: 1, 21: 20}
    assert sorted(process_tree(10, parents)) == [10, 11, 12, 13]


def test_servers_do_not_inherit_what_changes_how_python_or_spica_runs(monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("SPICA_ENV", "test")
    monkeypatch.setenv("KEPT", "yes")
    environment = clean_environment()
    assert environment["KEPT"] == "yes"
    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert "SPICA_ENV" not in environment
