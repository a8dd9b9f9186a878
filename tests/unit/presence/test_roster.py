"""spica.presence.roster: who is where, and what changed in sum."""

from __future__ import annotations

from spica.presence.entry import Entry
from spica.presence.roster import Roster


def entry(number: int, topic: str = "room:1") -> Entry:
    return Entry(topic, "7", number, f"n.1.{number}", b"{}")


def test_topics_are_there_while_somebody_is_in_them() -> None:
    roster = Roster()
    first, second = entry(1), entry(2, "room:2")
    roster.add(first)
    roster.add(second)
    assert (list(roster.topics), list(roster.entries("room:1")), len(roster)) == (["room:1", "room:2"], [first], 2)
    roster.remove(first)
    assert (list(roster.topics), list(roster.entries("room:1")), len(roster)) == (["room:2"], [], 1)


def test_changes_are_taken_once_and_by_topic() -> None:
    roster = Roster()
    first, second = entry(1), entry(2, "room:2")
    roster.add(first)
    roster.add(second)
    assert roster.has_changed
    assert roster.take_changes() == {"room:1": ({"n.1.1": first}, {}), "room:2": ({"n.1.2": second}, {})}
    roster.remove(first)
    assert roster.take_changes() == {"room:1": ({}, {"n.1.1": first})}
    assert not roster.has_changed


def test_who_came_and_went_or_went_and_came_has_not_changed() -> None:
    roster = Roster()
    stays = entry(1)
    roster.add(stays)
    roster.take_changes()
    roster.add(entry(2))
    roster.remove(entry(2))
    roster.remove(stays)
    roster.add(entry(1))
    assert roster.take_changes() == {}


def test_who_was_shown_an_untold_change_is_told_when_it_is_undone() -> None:
    roster = Roster()
    stays, comes = entry(1), entry(2)
    roster.add(stays)
    roster.take_changes()
    roster.add(comes)
    roster.remove(stays)
    assert list(roster.show("room:1")) == [comes]
    roster.remove(comes)
    roster.add(stays)
    assert roster.take_changes() == {"room:1": ({"n.1.1": stays}, {"n.1.2": comes})}
    roster.add(comes)
    roster.remove(comes)
    assert roster.take_changes() == {}, "what was shown before is told"
