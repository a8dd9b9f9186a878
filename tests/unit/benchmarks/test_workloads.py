"""Which answers count as right."""

from benchmarks import workloads

BY_NAME = {workload.name: workload for workload in workloads.ALL}


def test_json_may_be_spaced_and_ordered_as_the_server_likes():
    assert BY_NAME["user"].accepts(b'{"name": "Ada Lovelace", "id": 7}')


def test_a_wrong_answer_is_refused():
    assert not BY_NAME["user"].accepts(b'{"id":"7","name":"Ada Lovelace"}')
    assert not BY_NAME["user"].accepts(b"Not Found")
    assert not BY_NAME["plaintext"].accepts(b"Hello, World!\n")
