"""spica.presence.entry: what phoenix.js reads."""

from __future__ import annotations

import json

from spica.presence.entry import Entry, listed, render_diff, render_entries, with_references


def entry(key: str, number: int, meta: bytes = b"{}") -> Entry:
    ref = f"n.1.{number}"
    return Entry("room:1", key, number, ref, with_references(meta, ref))


def test_several_sockets_of_one_user_are_several_metas_of_one_key() -> None:
    entries = [entry("7", 1, b'{"on":"phone"}'), entry("8", 2), entry("7", 3)]
    expected = {
        "7": {"metas": [{"phx_ref": "n.1.1", "on": "phone"}, {"phx_ref": "n.1.3"}]},
        "8": {"metas": [{"phx_ref": "n.1.2"}]},
    }
    assert json.loads(render_entries(entries)) == listed(entries) == expected
    assert json.loads(render_entries([])) == listed([]) == {}


def test_a_diff_has_joins_and_leaves() -> None:
    diff = render_diff([entry("7", 2)], [entry("7", 1)])
    assert diff == b'{"joins":{"7":{"metas":[{"phx_ref":"n.1.2"}]}},"leaves":{"7":{"metas":[{"phx_ref":"n.1.1"}]}}}'


def test_keys_are_any_text() -> None:
    assert json.loads(render_entries([entry('"}é\n', 1)])) == {'"}é\n': {"metas": [{"phx_ref": "n.1.1"}]}}


def test_the_mark_tells_versions_and_contents_apart() -> None:
    marks = {entry("7", 1).mark, entry("7", 2).mark, entry("7", 1, b'{"a":1}').mark}
    assert len(marks) == 3
