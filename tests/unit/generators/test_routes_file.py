"""Lines put into config/routes.py."""

from __future__ import annotations

import pytest

from spica.generators.errors import RoutesNotRecognised
from spica.generators.routes_file import Imported, insert_into, remove_from

FILE = '''"""Routes."""

from spica.routing import Routes


def draw(r: Routes) -> None:
    r.root("home#index")  # the first page

    with r.scope("/admin"):
        r.resources("orders")


# after
'''
POSTS = ("resources", "posts")


def test_the_line_goes_to_the_end_of_draw_and_the_rest_stays() -> None:
    text, added = insert_into(FILE, [POSTS])
    assert added == ['r.resources("posts")']
    assert text == FILE.replace('"orders")\n', '"orders")\n    r.resources("posts")\n')


def test_a_second_time_nothing_is_added() -> None:
    text, _ = insert_into(FILE, [POSTS])
    assert insert_into(text, [POSTS]) == (text, [])


@pytest.mark.parametrize(
    "line",
    ['r.resources("posts", only=["index"])', 'with r.resources("posts"):\n        r.resources("comments")'],
)
def test_a_resource_with_options_or_a_block_is_there_already(line: str) -> None:
    assert insert_into(f"def draw(r):\n    {line}\n", [POSTS])[1] == []


def test_the_same_name_inside_another_block_is_another_route() -> None:
    assert insert_into(FILE, [("resources", "orders")])[1] == ['r.resources("orders")']


@pytest.mark.parametrize("body", ["pass", "..."])
def test_a_placeholder_makes_room(body: str) -> None:
    text, _ = insert_into(f"def draw(router):\n    {body}\n", [POSTS])
    assert text == 'def draw(router):\n    router.resources("posts")\n'


def test_a_file_without_a_newline_at_its_end_gets_one() -> None:
    text, _ = insert_into('def draw(r):\n    r.root("a#b")', [POSTS])
    assert text == 'def draw(r):\n    r.root("a#b")\n    r.resources("posts")\n'


@pytest.mark.parametrize("source", ["", "def draw():\n    pass\n", "def draw(r): pass\n", "def draw(r:\n"])
def test_a_file_without_a_place_for_it_is_refused(source: str) -> None:
    with pytest.raises(RoutesNotRecognised):
        insert_into(source, [POSTS])


def test_an_imported_argument_brings_its_import() -> None:
    call = ("socket", "/socket", Imported("app.channels.user_socket", "UserSocket"))
    text, added = insert_into(FILE, [call])
    assert added == ['r.socket("/socket", UserSocket)']
    assert "import Routes\n\nfrom app.channels.user_socket import UserSocket\n\n\ndef draw" in text
    assert insert_into(text, [call]) == (text, [])
    assert remove_from(text, [call]) == FILE


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ('    r.root("a#b")\n    r.resources("posts")\n', '    r.root("a#b")\n'),
        ('    r.resources(\n        "posts",\n        only=["index"],\n    )\n', "    pass\n"),
        (
            '    with r.resources("posts"):\n        r.get("x")\n',
            '    with r.resources("posts"):\n        r.get("x")\n',
        ),
    ],
)
def test_a_call_is_taken_out_and_a_block_stays(body: str, left: str) -> None:
    assert remove_from(f"def draw(r):\n{body}", [POSTS]) == f"def draw(r):\n{left}"
