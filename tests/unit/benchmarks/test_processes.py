"""Finding the tree of a server's processes."""

from benchmarks.processes import process_tree


def test_a_tree_holds_grandchildren_and_no_strangers():
    parents = {10: 1, 11: 10, 12: 11, 13: 11, 20: 1, 21: 20}
    assert sorted(process_tree(10, parents)) == [10, 11, 12, 13]
