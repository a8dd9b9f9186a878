"""spica.presence.replica: what one node says, and what it makes of what others say."""

from __future__ import annotations

from spica.presence.entry import Entry
from spica.presence.message import AnyMessage, Ask, Delta, Goodbye, Heartbeat, State, encode
from spica.presence.replica import PART_BYTES, SILENT_TICKS, TICKS_PER_HEARTBEAT, Replica
from spica.presence.roster import Roster

HEARTBEAT_S = 1.5
TICK_S = HEARTBEAT_S / TICKS_PER_HEARTBEAT
META = b'{"phx_ref":"b.1.1"}'


def replica(node: str = "a", incarnation: int = 1) -> tuple[Replica, Roster]:
    roster = Roster()
    return Replica(node, incarnation, roster, heartbeat_s=HEARTBEAT_S), roster


def said(one: Replica, now: float = 0.0) -> list[AnyMessage]:
    """What it publishes now."""
    messages = []
    while (message := one.pull(now)) is not None:
        messages.append(message)
    return messages


def state(sequence: int, *numbers: int, incarnation: int = 1, part: int = 0, parts: int = 1) -> State:
    joined = [(f"user {number}", number, b'{"phx_ref":"b.%d.%d"}' % (incarnation, number)) for number in numbers]
    return State("b", incarnation, sequence, part, parts, {"room:1": joined} if joined else {})


def refs(roster: Roster, topic: str = "room:1") -> list[str]:
    return [entry.ref for entry in roster.entries(topic)]


def test_a_newcomer_asks_everybody_and_all_answer() -> None:
    newcomer, _ = replica()
    newcomer.start()
    assert said(newcomer) == [Ask("a", 1)]
    empty, _ = replica("b")
    empty.receive(Ask("a", 1), 0.0)
    (answer,) = said(empty)
    assert answer == state(0)
    newcomer.receive(answer, 0.0)
    assert (list(newcomer.peers), newcomer.is_busy) == ([], False)  # nobody is with it: it need not be watched
    owner, _ = replica("b")
    owner.join("room:1", "7", b"{}")
    said(owner)
    owner.receive(Ask("a", 1), 1.0)
    assert said(owner, 1.0) == [State("b", 1, 1, 0, 1, {"room:1": [("7", 1, b'{"phx_ref":"b.1.1"}')]})]


def test_one_answer_is_for_all_who_ask_at_the_same_time() -> None:
    owner, _ = replica("b")
    owner.join("room:1", "7", b"{}")
    said(owner)
    for node in "cdef":
        owner.receive(Ask(node, 1, "b"), 0.01)
    assert said(owner, 0.01) == []  # it has told its state just now
    assert len(said(owner, TICK_S)) == 1


def test_that_there_is_nobody_is_answered_at_once() -> None:
    empty, _ = replica("b")
    for node in "cd":
        empty.receive(Ask(node, 1), 0.01)
        assert said(empty, 0.01) == [state(0)]


def test_a_node_without_entries_answers_who_asks_it_by_name() -> None:
    empty, _ = replica("b")
    empty.receive(Ask("a", 1, "b"), 0.0)
    assert said(empty) == [state(0)]
    empty.receive(Ask("a", 1, "c"), 9.0)
    assert said(empty, 9.0) == []


def test_deltas_have_numbers_and_tell_what_changed_in_sum() -> None:
    owner, _ = replica("b")
    first = owner.join("room:1", "7", b"{}")
    assert [type(message) for message in said(owner)] == [State]  # all that there is
    second = owner.join("room:1", "8", b'{"name":"Bob"}')
    owner.leave(owner.join("room:2", "9", b"{}"))
    assert said(owner) == [Delta("b", 1, 2, {"room:1": [("8", 2, b'{"phx_ref":"b.1.2","name":"Bob"}')]}, [])]
    owner.leave(first)
    owner.leave(first)
    third = owner.join("room:1", "8", b"{}", previous=second)
    owner.join("room:1", "8", b"{}", previous=third)
    owner.join("room:1", "9", b"{}")
    assert [type(message) for message in said(owner)] == [State]
    owner.join("room:1", "10", b"{}")
    assert [message.sequence for message in said(owner) if isinstance(message, Delta)] == [4]


def test_deltas_apply_in_order_and_old_ones_change_nothing() -> None:
    one, roster = replica()
    one.receive(state(4, 1, 2), 0.0)
    delta = Delta("b", 1, 5, {"room:1": [("user 3", 3, META)]}, [1])
    for _ in range(2):
        one.receive(delta, 0.0)
        assert refs(roster) == ["b.1.2", "b.1.3"]
    one.receive(Delta("b", 1, 4, {"room:1": [("user 1", 1, META)]}, []), 0.0)
    one.receive(state(4, 1, 2), 0.0)
    assert refs(roster) == ["b.1.2", "b.1.3"]
    assert said(one) == []


def test_a_gap_is_asked_about_at_once_and_again_until_it_is_filled() -> None:
    one, roster = replica()
    one.receive(state(4, 1), 0.0)
    one.receive(Delta("b", 1, 6, {}, [1]), 0.0)
    assert refs(roster) == ["b.1.1"]  # what the delta before it said is not known
    assert said(one) == [Ask("a", 1, "b")]
    one.receive(Delta("b", 1, 7, {}, []), TICK_S)
    assert said(one, TICK_S) == []  # not for each message that doesn't fit
    one.tick(HEARTBEAT_S / 2)
    assert said(one, HEARTBEAT_S / 2) == [Ask("a", 1, "b")]
    one.receive(state(7, 9), HEARTBEAT_S)
    one.tick(2 * HEARTBEAT_S)
    assert (refs(roster), said(one, 2 * HEARTBEAT_S)) == (["b.1.9"], [])


def test_a_delta_of_an_unknown_node_is_asked_about() -> None:
    one, roster = replica()
    one.receive(Delta("b", 1, 2, {"room:1": [("user 1", 1, META)]}, []), 0.0)
    assert (refs(roster), said(one)) == ([], [Ask("a", 1, "b")])


def test_a_heartbeat_shows_what_is_missing_or_wrong() -> None:
    owner, _ = replica("b")
    owner.join("room:1", "user 1", b"{}")
    owner.tick(0.0)
    told, heartbeat = said(owner)
    assert isinstance(told, State)
    assert isinstance(heartbeat, Heartbeat)
    one, _ = replica()
    one.receive(heartbeat, 0.0)
    assert said(one) == [Ask("a", 1, "b")]
    one.receive(told, 0.0)
    one.receive(heartbeat, 1.0)
    assert said(one, 1.0) == []
    other, roster = replica()
    wrong = State("b", 1, 1, 0, 1, {"room:1": [("user 1", 1, b'{"phx_ref":"b.1.1","name":"Eve"}')]})
    other.receive(wrong, 0.0)
    other.receive(heartbeat, 0.0)
    assert said(other) == [Ask("a", 1, "b")]
    other.receive(told, 0.0)
    assert [entry.meta for entry in roster.entries("room:1")] == [META]


def test_heartbeats_come_while_there_are_entries() -> None:
    one, _ = replica()
    entry = one.join("room:1", "7", b"{}")
    heartbeats = []
    for tick in range(60):
        one.tick(tick * TICK_S)
        heartbeats += [tick for message in said(one, tick * TICK_S) if isinstance(message, Heartbeat)]
    assert heartbeats == list(range(0, 60, TICKS_PER_HEARTBEAT))
    one.leave(entry)
    one.tick(100.0)
    assert not any(isinstance(message, Heartbeat) for message in said(one, 100.0))
    assert not one.is_busy


def test_a_silent_node_loses_its_entries_after_two_heartbeats_and_comes_back_whole() -> None:
    one, roster = replica()
    one.tick(0.0)
    one.receive(state(4, 1, 2), 0.0)
    now = 0.0
    while roster.entries("room:1"):
        now += TICK_S
        one.tick(now)
    assert 2 * HEARTBEAT_S < now <= 2 * HEARTBEAT_S + HEARTBEAT_S / 3
    assert (SILENT_TICKS, list(one.peers), one.is_busy) == (13, [], False)
    one.receive(Heartbeat("b", 1, 4, 0), now)
    assert said(one, now) == [Ask("a", 1, "b")]
    one.receive(state(4, 1, 2), now)
    assert refs(roster) == ["b.1.1", "b.1.2"]


def test_who_stood_still_itself_gives_the_others_their_time() -> None:
    one, roster = replica()
    one.receive(state(4, 1), 0.0)
    one.expect_tick(0.0)
    for stood_until in (20.0, 40.0, 60.0):
        one.tick(stood_until)
        assert refs(roster) == ["b.1.1"]
    for tick in range(1, SILENT_TICKS + 2):
        one.tick(60.0 + tick * TICK_S)
    assert refs(roster) == []


def test_a_node_that_the_bus_tells_gone_loses_its_entries_at_once() -> None:
    one, roster = replica()
    one.receive(state(4, 1), 0.0)
    one.peer_changed("b", False)
    assert (refs(roster), list(one.peers)) == ([], [])
    one.peer_changed("never heard of", False)


def test_a_node_that_the_bus_tells_there_gets_a_heartbeat() -> None:
    one, _ = replica()
    one.peer_changed("b", True)
    assert said(one) == []
    one.join("room:1", "7", b"{}")
    said(one)
    one.peer_changed("b", True)
    assert [type(message) for message in said(one)] == [Heartbeat]


def test_a_later_life_replaces_an_earlier_one() -> None:
    one, roster = replica()
    one.receive(state(40, 1, 2), 0.0)
    one.receive(state(1, 1, incarnation=2), 0.0)
    assert refs(roster) == ["b.2.1"]
    for late in (state(41, 3), Goodbye("b", 1), Delta("b", 1, 41, {}, [1]), Heartbeat("b", 1, 41, 0)):
        one.receive(late, 0.0)
    assert (refs(roster), said(one)) == (["b.2.1"], [])


def test_stopping_says_goodbye_and_nothing_more() -> None:
    one, roster = replica()
    one.receive(state(1, 1), 0.0)
    one.join("room:1", "7", b"{}")
    one.stop()
    one.receive(Ask("c", 1), 0.0)
    one.tick(0.0)
    assert said(one) == [Goodbye("a", 1)]
    assert (refs(roster), one.is_busy) == ([], False)
    other, theirs = replica()
    other.receive(state(1, 1), 0.0)
    other.receive(Goodbye("b", 1), 0.0)
    assert (refs(theirs), list(other.peers)) == ([], [])


def test_an_update_is_one_change_with_both_entries() -> None:
    one, roster = replica()
    entry = one.join("room:1", "7", b'{"name":"Ann"}')
    roster.take_changes()
    newer = one.join("room:1", "7", b'{"name":"Anna"}', previous=entry)
    change = roster.take_changes()["room:1"]
    assert (list(change.joins), list(change.leaves)) == (["a.1.2"], ["a.1.1"])
    assert newer.meta == b'{"phx_ref":"a.1.2","phx_ref_prev":"a.1.1","name":"Anna"}'
    assert newer.given() == {"name": "Anna"}


def test_nobody_sees_those_leave_who_are_still_in_a_state() -> None:
    one, roster = replica()
    one.receive(state(4, 1, 2), 0.0)
    roster.take_changes()
    one.receive(state(9, 2, 3), 0.0)
    change = roster.take_changes()["room:1"]
    assert (list(change.joins), list(change.leaves)) == (["b.1.3"], ["b.1.1"])


def test_who_was_away_for_a_moment_has_not_changed() -> None:
    one, roster = replica()
    one.receive(state(4, 1), 0.0)
    roster.take_changes()
    one.peer_changed("b", False)
    one.receive(state(4, 1), 0.0)
    assert not roster.has_changed


def big(owner: Replica, count: int) -> list[Entry]:
    return [
        owner.join(f"room:{number % 3}", str(number), b'{"text":"%b"}' % (b"x" * 10_000)) for number in range(count)
    ]


def test_a_large_state_comes_in_parts() -> None:
    owner, theirs = replica("b")
    entries = big(owner, 100)
    parts = said(owner)
    assert len(parts) == 4
    one, roster = replica()
    for part in parts[:-1]:
        one.receive(part, 0.0)
        assert len(roster) == 0
    one.receive(parts[-1], 0.0)
    assert {topic: refs(roster, topic) for topic in roster.topics} == {
        topic: refs(theirs, topic) for topic in theirs.topics
    }
    for entry in entries[:50]:
        owner.leave(entry)
    big(owner, 50)
    assert [type(message) for message in said(owner, 1.0)] == [State] * 4  # too much for one delta
    assert all(len(encode(part)) < PART_BYTES + 11_000 for part in parts)  # the last entry may not fit wholly


def test_parts_of_several_answers_complete_each_other_and_others_do_not() -> None:
    one, roster = replica()
    one.receive(state(7, 3, part=2, parts=3), 0.0)
    assert said(one) == [Ask("a", 1, "b")]  # those before it were missed
    one.receive(state(7, 1, part=0, parts=3), 0.0)
    one.receive(state(6, 9, part=1, parts=3), 0.0)
    assert refs(roster) == []
    one.receive(state(7, 2, part=1, parts=3), 0.0)
    assert sorted(refs(roster)) == ["b.1.1", "b.1.2", "b.1.3"]
    one.receive(state(8, 1, part=1, parts=2), 0.0)
    one.receive(state(9, 5, part=0, parts=2), 0.0)
    assert len(roster) == 3
    one.receive(state(9, 6, part=1, parts=2), 0.0)
    assert refs(roster) == ["b.1.5", "b.1.6"]


def test_what_was_never_published_does_not_pile_up() -> None:
    one, _ = replica()
    one.join("room:1", "stays", b"{}")
    said(one)
    for number in range(10_000):
        one.leave(one.join("room:1", str(number), b"{}"))
    assert said(one) == []
