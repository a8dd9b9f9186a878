"""The project's socket: where it is found, and its list of channels."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica.generators.routes_file import Imported
from spica.generators.socket_file import ADDRESS, SOCKET, SocketFile, add_channel, find_socket, remove_channel

CHAT = Imported("app.channels.chat_channel", "ChatChannel")
HEAD = "from spica import Socket\n\nfrom app.channels.chat_channel import ChatChannel\n\n\nclass S(Socket):\n"
BARE = "from spica import Socket\n\n\nclass S(Socket):\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("channels = []", "channels = [ChatChannel]"),
        ("channels: ClassVar = [A]  # all", "channels: ClassVar = [A, ChatChannel]  # all"),
        (
            "channels = [\n        A,\n        B,\n    ]",
            "channels = [\n        A,\n        B,\n        ChatChannel,\n    ]",
        ),
    ],
)
def test_a_channel_is_put_at_the_end(before: str, after: str) -> None:
    added = add_channel(f"{BARE}    {before}\n", "S", CHAT)
    assert added == f"{HEAD}    {after}\n"
    assert add_channel(added, "S", CHAT) == added


def test_a_line_that_gets_too_long_is_broken() -> None:
    names = [f"{letter * 18}Channel" for letter in "ABCD"]
    before = f"{BARE}    channels = [{', '.join(names[:3])}]\n"
    added = add_channel(before, "S", Imported("app.channels.d", names[3]))
    assert added is not None
    body = "".join(f"        {name},\n" for name in names)
    assert added.endswith(f"class S(Socket):\n    channels = [\n{body}    ]\n")
    assert remove_channel(added, "S", Imported("app.channels.d", names[3])) == before


def test_what_is_no_plain_list_is_left_to_the_user() -> None:
    for line in ("channels = find_channels()", "channels = [*OTHERS]", "others = []"):
        assert add_channel(f"{BARE}    {line}\n", "S", CHAT) is None
        assert remove_channel(f"{BARE}    {line}\n", "S", CHAT) is None
    assert add_channel(f"{BARE}    channels = []\n", "Another", CHAT) is None


def test_a_channel_is_taken_out_with_its_import() -> None:
    assert remove_channel(f"{HEAD}    channels = [ChatChannel, A]\n", "S", CHAT) == f"{BARE}    channels = [A]\n"
    assert remove_channel(f"{HEAD}    channels = [A]\n", "S", CHAT) is None


def test_the_socket_is_the_one_of_the_routes(tmp_path: Path) -> None:
    assert find_socket(tmp_path) == SocketFile(SOCKET, "app/channels/user_socket.py", ADDRESS)
    routes = tmp_path / "config/routes.py"
    routes.parent.mkdir()
    routes.write_text(
        "from app.live import PageSocket as Live\n\n"
        'def draw(r):\n    r.get("/", "a#b")\n    with r.scope("/x"):\n        r.socket("/live", Live)\n'
    )
    assert find_socket(tmp_path) == SocketFile(Imported("app.live", "PageSocket"), "app/live.py", "/live")
    routes.write_text("def draw(r:\n")
    assert find_socket(tmp_path).socket == SOCKET
