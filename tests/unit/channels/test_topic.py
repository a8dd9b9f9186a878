"""Patterns of topics: what they take, in which order, and what can't be one."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from spica.channels import DuplicateTopic, InvalidTopicPattern
from spica.channels.topic import TopicTable, find_duplicates, parse_topic

ID = "6a2f41a3-c54c-fce8-32d2-0324e1c32e22"


@pytest.mark.parametrize(
    ("pattern", "topic", "values"),
    [
        ("lobby", "lobby", {}),
        ("lobby", "lobby:1", None),
        ("lobby", "Lobby", None),
        ("room:{id:int}", "room:7", {"id": 7}),
        ("room:{id:int}", "room:07", None),
        ("room:{id:int}", "room:-7", None),
        ("room:{id:int}", "room:9223372036854775808", None),
        ("room:{id:int}", "room:7\n", None),
        ("room:{id:int}", "room:", None),
        ("room:{name}", "room:a b", {"name": "a b"}),
        ("room:{name}", "room:a:b", None),
        ("room:{name}", "room:\n", {"name": "\n"}),
        ("room:*", "room:a:b", {"rest": "a:b"}),
        ("room:*", "room:", None),
        ("*", "anything:at all", {"rest": "anything:at all"}),
        ("file:{path:path}", "file:a/b:c", {"path": "a/b:c"}),
        ("{kind:user|team}:{id:int}", "team:3", {"kind": "team", "id": 3}),
        ("{kind:user|team}:{id:int}", "org:3", None),
        ("x:{id:uuid}", f"x:{ID}", {"id": UUID(ID)}),
        ("x:{day:date}", "x:2026-02-28", {"day": date(2026, 2, 28)}),
        ("x:{day:date}", "x:2026-02-30", None),
        ("x:{n:float}", "x:1.5", {"n": 1.5}),
        ("x:{a}-{b:int}", "x:y-z-3", {"a": "y-z", "b": 3}),
        ("a.b", "axb", None),
        ("dots:{slug:slug}", "dots:a.b", None),
    ],
)
def test_matching(pattern: str, topic: str, values: dict[str, object] | None) -> None:
    assert parse_topic(pattern).match(topic) == values


NO_PATTERNS = [
    "",
    "phoenix",
    "spica:presence",
    "spica:{x}",
    None,
    7,
    "room:{",
    "room:}",
    "room:{id:itn}",
    "{a}:{a}",
    "{a}{b}",
    "a*b",
    "**",
]
NO_PATTERNS += ["{rest:path}:x", "{x:path}y", "{a:|}", "{7}", "room:{id:}x{"]


@pytest.mark.parametrize("text", NO_PATTERNS)
def test_what_is_no_pattern(text: object) -> None:
    with pytest.raises(InvalidTopicPattern):
        parse_topic(text)


def test_no_pattern_takes_what_processes_talk_on() -> None:
    table = TopicTable((parse_topic(text), text) for text in ("*", "{a}:{b}"))
    assert table.find("spica:presence") is None
    assert table.find("spicas:presence") == ("{a}:{b}", {"a": "spicas", "b": "presence"})


def test_the_nearest_pattern_takes_a_topic() -> None:
    patterns = ["*", "room:*", "room:{name}", "room:{id:int}", "room:lobby", "room:{name}:x", "room:v{n}"]
    table = TopicTable((parse_topic(text), text) for text in patterns)

    def find(topic: str) -> str | None:
        found = table.find(topic)
        return found[0] if found else None

    assert find("room:lobby") == "room:lobby"
    assert find("room:7") == "room:{id:int}"
    assert find("room:v7") == "room:v{n}"
    assert find("room:x") == "room:{name}"
    assert find("room:y:x") == "room:{name}:x"
    assert find("room:y:z") == "room:*"
    assert find("hall") == "*"
    assert find("") is None
    assert find("phoenix") is find("spica:socket:app.UserSocket:7") is None, "not even by *"
    assert find("x" * 255) == "*"
    assert find("x" * 256) is None, "such a topic would be kept and compared for every message"


def test_patterns_that_differ_in_names_only_are_duplicates() -> None:
    entries = [
        (parse_topic(text), f"{n}") for n, text in enumerate(("r:{a:int}", "r:{b}", "r:{b:int}", "{c:y|x}", "{d:x|y}"))
    ]
    found = find_duplicates(entries)
    assert [type(one) for one in found] == [DuplicateTopic, DuplicateTopic]
    assert [one.where for one in found] == ["0\n2", "3\n4"]
