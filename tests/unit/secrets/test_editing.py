"""spica.secrets.editing: one value set in a text that someone wrote by hand."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spica.secrets.editing import set_value
from spica.secrets.errors import NoSuchSecret, SecretsNotToml

TEXT = """\
# our secrets
top = 1   # kept

[stripe]
# of the shop
key = "old"
webhook = "w"

[ mail . smtp ]
password = 'p'
"""


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("stripe.key", 'key = "new"'),
        ("stripe.webhook", 'webhook = "new"'),
        ("stripe.fresh", 'fresh = "new"'),
        ("mail.smtp.password", 'password = "new"'),
        ("top", 'top = "new"'),
        ("fresh", 'fresh = "new"'),
        ("other.key", '[other]\nkey = "new"'),
        ("mail.from", '[mail]\nfrom = "new"'),
    ],
)
def test_one_value_changes_and_all_else_stays(name: str, line: str) -> None:
    text = set_value(TEXT, name, "new")
    assert f"\n{line}\n" in f"\n{text}"
    meant = tomllib.loads(TEXT)
    table = meant
    *path, key = name.split(".")
    for part in path:
        table = table.setdefault(part, {})
    table[key] = "new"
    assert tomllib.loads(text) == meant
    assert "# our secrets" in text
    assert "# of the shop" in text


@settings(deadline=None)
@given(value=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_can_be_a_value(value: str) -> None:
    assert tomllib.loads(set_value("", "a.b", value)) == {"a": {"b": value}}


@pytest.mark.parametrize("name", ["", ".", "a.", "a b", "a..b", 'a"', "é", "a\nb = 1"])
def test_what_can_name_no_secret(name: str) -> None:
    with pytest.raises(NoSuchSecret, match="can't name a secret"):
        set_value(TEXT, name, "x")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (TEXT, "stripe"),  # a table
        (TEXT, "top.inner"),  # below a value
        ('key = """\na = 1\nb = 2\n"""', "key"),  # more than one line
        ("stripe = { key = 'a' }", "stripe.key"),  # written inline
    ],
)
def test_what_no_line_can_say_is_left_to_the_editor(text: str, name: str) -> None:
    with pytest.raises(SecretsNotToml) as caught:
        set_value(text, name, "x")
    assert "spica secrets edit" in caught.value.fix


def test_a_line_inside_a_longer_text_is_no_key() -> None:
    text = 'note = """\n[stripe]\nkey = 1\n"""\n'
    changed = tomllib.loads(set_value(text, "stripe.key", "x"))
    assert changed == {"note": "[stripe]\nkey = 1\n", "stripe": {"key": "x"}}
