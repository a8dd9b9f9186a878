"""The one frame that a reader looks for."""

from __future__ import annotations

import pytest

from spica.server.stack import find_blocking_frame, parse_frame, render_report

STACK = [
    "Current thread 0x00007f (most recent call first):",
    '  File "/usr/lib/python3.11/socket.py", line 706 in readinto',
    '  File "/srv/blog/.venv/lib/python3.11/site-packages/requests/api.py", line 59 in get',
    '  File "/srv/blog/app/controllers/posts_controller.py", line 12 in index',
    '  File "/srv/blog/main.py", line 3 in <module>',
]


def test_the_innermost_frame_of_the_application_is_found() -> None:
    assert find_blocking_frame(STACK, "/srv/blog") == "app/controllers/posts_controller.py:12 in index"
    assert find_blocking_frame(STACK, "/srv/other/") == "/usr/lib/python3.11/socket.py:706 in readinto"
    assert find_blocking_frame(STACK[:1], "/srv/blog") == ""


@pytest.mark.parametrize("line", ["", "Timeout", '  File "x', '  File "a b.py", line 3 in f'])
def test_a_frame_or_none(line: str) -> None:
    assert parse_frame(line) in (None, ("a b.py", "3", "f"), ("x", "", ""))


def test_the_report_names_who_how_long_and_where() -> None:
    report = render_report("worker 2 (pid 5)", 10.0, STACK, "/srv/blog").splitlines()
    assert report[0] == (
        "worker 2 (pid 5) has not answered for 10 s, blocked at app/controllers/posts_controller.py:12 in index"
    )
    assert report[1:] == STACK[1:]
    many = render_report("x", 1.5, ['  File "a.py", line 1 in f'] * 20, "/").splitlines()
    assert (many[0], many[-1]) == ("x has not answered for 1.5 s, blocked at a.py:1 in f", "  … 12 more")
    assert render_report("x", 1, [], "/") == "x has not answered for 1 s"
