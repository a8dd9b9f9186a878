from __future__ import annotations

import pytest

from spica.checks.channel_scripts import read_uses
from spica.checks.template_markup import VALUE
from tests.unit.checks.conftest import Check, places

FILES = {
    "config/routes.py": (
        "from app.channels.user_socket import UserSocket\n"
        'def draw(r):\n    r.root("home#index")\n    r.socket("/socket", UserSocket)\n'
    ),
    "app/views/layouts/application.html": "{{ importmap_tag() }}\n",
    "app/channels/__init__.py": "",
    "app/channels/user_socket.py": (
        "from spica import Socket\n"
        "from app.channels.chat_channel import ChatChannel\n"
        "class UserSocket(Socket):\n"
        "    channels = [ChatChannel]\n"
    ),
    "app/channels/chat_channel.py": (
        "from spica import Channel, on\n"
        'TOPICS = ["room:{room_id:int}", "lobby", "list:{kind:a|b}", "log:{n:int}:all", "x:*"]\n'
        "class ChatChannel(Channel, topic=TOPICS):\n"
        '    @on("new_msg")\n'
        "    async def new_msg(self, body: str): ...\n"
    ),
}
IMPORT = 'import { Socket } from "phoenix";\n'
RIGHT = """
const socket = new Socket("/socket", { params: { token } });
const other = new Socket(`wss://${host}/socket/websocket?x=1`);
const third = new Socket(address);
socket.channel("room:7", {});
socket.channel('lobby');
socket.channel(`room:${room.id}`);
socket.channel("room:" + id, {});
socket.channel(`list:${kind}`);
socket.channel(`${kind}:7`);
socket.channel(`log:${n}:all`);
socket.channel(`log:7:${what}`);
socket.channel(`log:${rest}`);
socket.channel(`x:${a}:b`);
socket.channel(topic);
// socket.channel("once:7");
"""


def test_what_is_right_has_no_findings(check: Check) -> None:
    script = {"app/assets/js/chat.js": IMPORT + RIGHT}
    assert check("channels", FILES | script) == []
    assert check("unused-channels", FILES | script) == []


@pytest.mark.parametrize(
    ("line", "what", "fix"),
    [
        ('socket.channel("rom:7")', "no channel has the topic 'rom:7'", "did you mean room:{room_id:int}?"),
        ("socket.channel(`rooms:${id}`)", "no channel has the topic 'rooms:{…}'", "did you mean room:{room_id:int}?"),
        ('socket.channel("room:red")', "no channel has the topic 'room:red'", "did you mean room:{room_id:int}?"),
        ("socket.channel(`log:${n}:one`)", "no channel has the topic 'log:{…}:one'", "did you mean log:{n:int}:all?"),
        ('socket.channel("zzz")', "no channel has the topic 'zzz'", "the topics are room:{room_id:int}, lobby,"),
        ('new Socket("/sockets")', "no route of a socket is at '/sockets'", "did you mean /socket?"),
        ('new Socket("/zzz")', "no route of a socket is at '/zzz'", 'add a route: r.socket("/zzz", UserSocket)'),
    ],
)
def test_what_nothing_answers_is_told(check: Check, line: str, what: str, fix: str) -> None:
    (found,) = check("channels", FILES | {"app/assets/js/chat.js": f"{IMPORT}\n{line};\n"})
    assert (found.place, found.what, found.severity) == ("app/assets/js/chat.js:3", what, "error")
    assert found.fix.startswith(fix)


def test_a_script_in_a_page_is_read(check: Check) -> None:
    page = '<script type="module">\n{import}socket.channel("{topic}:{{{{ 7 }}}}");\n</script>\n'
    right = {
        "app/views/home/index.html": page.replace("{import}", IMPORT)
        .replace("{topic}", "room")
        .replace("{{{{", "{{")
        .replace("}}}}", "}}")
    }
    assert check("channels", FILES | right) == []
    wrong = {name: text.replace("room:", "rooms:") for name, text in right.items()}
    (found,) = check("channels", FILES | wrong)
    assert found.place == "app/views/home/index.html:3"


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ({}, 1),
        ({"app/views/home/index.html": '<script type="importmap">…</script>'}, 0),
        ({"package.json": "{}"}, 0),
        ({"app/assets/js/chat.js": 'import Pusher from "pusher";'}, 0),
    ],
)
def test_an_import_without_an_import_map(check: Check, others: dict[str, str], found: int) -> None:
    files = FILES | {"app/views/layouts/application.html": "", "app/assets/js/chat.js": f"\n{IMPORT}"} | others
    findings = check("channels", files)
    assert places(findings) == ["app/assets/js/chat.js:2"] * found
    assert all("importmap_tag" in finding.fix for finding in findings)


def test_a_socket_without_channels(check: Check) -> None:
    bare = FILES["app/channels/user_socket.py"].replace("    channels = [ChatChannel]", "    channel = [ChatChannel]")
    (found,) = check("channels", FILES | {"app/channels/user_socket.py": bare})
    assert (found.place, found.what) == ("app/channels/user_socket.py:3", "UserSocket has no channels")


def test_other_libraries_have_channels_too() -> None:
    assert list(read_uses("a.js", 'import Pusher from "pusher";\npusher.channel("x");\n')) == []
    (use,) = read_uses("a.js", 'const { Socket } = await import("phoenix");\ns.channel("a:" + b);\n')
    assert (use.line, use.text) == (2, f"a:{VALUE}")


def test_a_method_that_hides_one_of_the_frameworks(check: Check) -> None:
    hiding = FILES["app/channels/chat_channel.py"] + '    @on("push")\n    async def push(self, body: str): ...\n'
    (found,) = check("channels", FILES | {"app/channels/chat_channel.py": hiding})
    assert found.place == "app/channels/chat_channel.py:6"
    assert found.what == "ChatChannel.push hides Channel.push"
    assert '@on("push")' in found.fix


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ("roomid: int", 1),
        ("room: int", 1),
        ("room_id: int = 0", 0),
        ("roomid: int = 0", 0),
        ("nickname: str", 0),
        ("", 0),
    ],
)
def test_a_join_that_misspells_a_parameter_of_its_topic(check: Check, parameters: str, found: int) -> None:
    text = (
        "from spica import Channel\n"
        'class ChatChannel(Channel, topic="room:{room_id:int}"):\n'
        f"    async def join(self, {parameters}): ...\n"
    )
    findings = check("channels", FILES | {"app/channels/chat_channel.py": text})
    assert places(findings) == ["app/channels/chat_channel.py:3"] * found
    assert all(finding.fix.startswith("call it room_id, or") for finding in findings)


MISTAKES = [
    ("chat_channel", ", topic=TOPICS", "", "app/channels/chat_channel.py:3", "ChatChannel has no topic"),
    (
        "chat_channel",
        "{room_id:int}",
        "{room_id:itn}",
        "app/channels/chat_channel.py:3",
        "unknown parameter type 'itn'",
    ),
    ("chat_channel", '@on("new_msg")', "@on()", "app/channels/chat_channel.py:4", "@on names no event"),
    ("chat_channel", "body: str", "body: str, more: object()", "app/channels/chat_channel.py:4", "type of 'more'"),
    ("user_socket", "[ChatChannel]", "[ChatChannel, 5]", "app/channels/user_socket.py:3", "5 among the channels"),
]


@pytest.mark.parametrize(("name", "old", "new", "place", "what"), MISTAKES, ids=[one[4] for one in MISTAKES])
def test_what_stops_the_boot_is_told_where_it_is(
    check: Check, name: str, old: str, new: str, place: str, what: str
) -> None:
    path = f"app/channels/{name}.py"
    assert old in FILES[path]
    (found,) = check("boot", FILES | {path: FILES[path].replace(old, new)})
    assert found.place == place
    assert what in found.what
    assert found.fix


def test_what_no_socket_or_route_names(check: Check) -> None:
    unused = {
        "app/channels/game_channel.py": (
            "from spica import Channel, Socket\n\n"
            'class GameChannel(Channel, topic="game:{id}"): ...\n'
            "class Shared(Channel): ...\n"
            "class AdminSocket(Socket): ...\n"
        ),
    }
    channel, socket = check("unused-channels", FILES | unused)
    assert places([channel, socket]) == ["app/channels/game_channel.py:3", "app/channels/game_channel.py:5"]
    assert (channel.what, channel.severity) == ("GameChannel is in no socket that a route leads to", "warning")
    assert channel.fix == "add it: channels = [..., GameChannel] of UserSocket"
    assert socket.fix == 'add a route: r.socket("/socket", AdminSocket)'


def test_a_silence_with_its_reason(check: Check) -> None:
    text = (
        "from spica import Channel\n"
        "# spica: allow(unused-channels) comes with the next release\n"
        'class GameChannel(Channel, topic="game:{id}"): ...\n'
    )
    assert check("unused-channels", FILES | {"app/channels/game_channel.py": text}) == []
