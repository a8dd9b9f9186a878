"""Which answers count as right."""

from benchmarks import servers, workloads

BY_NAME = {workload.name: workload for workload in workloads.ALL}


def test_json_may_be_spaced_and_ordered_as_the_server_likes():
    assert BY_NAME["user"].accepts(200, b'{"name": "Ada Lovelace", "id": 7}')


def test_a_wrong_answer_is_refused():
    assert not BY_NAME["user"].accepts(200, b'{"id":"7","name":"Ada Lovelace"}')
    assert not BY_NAME["user"].accepts(200, b"Not Found")
    assert not BY_NAME["plaintext"].accepts(200, b"Hello, World!\n")
    assert not BY_NAME["plaintext"].accepts(500, b"Hello, World!")


def test_a_file_is_right_octet_by_octet():
    right = workloads.FILES["1k.bin"]
    assert BY_NAME["file-1k"].accepts(200, right)
    assert not BY_NAME["file-1k"].accepts(200, right[:-1] + b"x")


def test_a_websocket_answers_with_its_handshake():
    assert BY_NAME["fanout"].accepts(101, b"")
    assert not BY_NAME["fanout"].accepts(200, b"")


def test_every_workload_names_servers_that_are_there_and_its_reference_among_them():
    known = {server.name for server in servers.ALL}
    for workload in workloads.ALL:
        assert set(workload.servers) <= known
        assert workload.reference in workload.servers
        assert workload.subject in workload.servers


def test_pages_with_a_database_are_right_by_what_they_must_hold():
    assert BY_NAME["db"].accepts(200, b'{"id": 7, "randomNumber": 1}')
    assert not BY_NAME["db"].accepts(200, b'{"id": 7, "randomNumber": 0}')
    assert not BY_NAME["db"].accepts(200, b'{"id": 7}')
    row = b'{"id": 7, "randomNumber": 1}'
    assert BY_NAME["queries"].accepts(200, b"[" + b",".join([row] * 20) + b"]")
    assert not BY_NAME["queries"].accepts(200, b"[" + b",".join([row] * 19) + b"]")
    rows = [
        "id",
        *sorted([f"Fortune {number}" for number in range(10)]),
        "Additional fortune",
        "Any program",
        "フレーム",
    ]
    page = "<tr>".join(["", *rows]) + "&lt;script&gt;"
    assert BY_NAME["fortunes"].accepts(200, page.encode())
    assert not BY_NAME["fortunes"].accepts(200, page.replace("&lt;script&gt;", "<script>").encode())
    assert not BY_NAME["fortunes"].accepts(200, page.replace("Any program", "A program").encode() + b"Any program")
    assert not BY_NAME["page"].accepts(200, b"<html></html>")


def test_what_is_wanted_is_told_in_words():
    assert BY_NAME["db"].wanted == "200 and one_world"
    assert BY_NAME["plaintext"].wanted == "200 and 'Hello, World!'"
