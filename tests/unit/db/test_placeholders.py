"""Hand-written SQL, rewritten: what is a placeholder and what is not."""

from __future__ import annotations

import pytest

from spica.db.placeholders import rewrite_for_mysql, rewrite_for_postgresql


@pytest.mark.parametrize(
    ("sql", "rewritten"),
    [
        ("a = :x and b = :y or c = :x", "a = $1 and b = $2 or c = $1"),
        ("a = :x::text and b::text = :y", "a = $1::text and b::text = $2"),
        ("a = ':x' and b = :y", "a = ':x' and b = $1"),
        ("a = 'it''s :x' and b = :y", "a = 'it''s :x' and b = $1"),
        ("a = '\\' and b = :y", "a = '\\' and b = $1"),
        ("a = E'\\':x' and b = :y", "a = E'\\':x' and b = $1"),
        ('":x" = :y', '":x" = $1'),
        ("$$ :x ' $$ || :y", "$$ :x ' $$ || $1"),
        ("$tag$ :x $$ $tag$ || :y", "$tag$ :x $$ $tag$ || $1"),
        ("a = :x -- :no '\n and b = :y", "a = $1 -- :no '\n and b = $2"),
        ("/* :no /* ' */ :no */ a = :y", "/* :no /* ' */ :no */ a = $1"),
        ("a[1:2] = :x and b[i:j] = :y", "a[1:2] = $1 and b[i:j] = $2"),
        ("a := :x", "a := $1"),
        ("'never ends :x", "'never ends :x"),
        ("/* never ends :x", "/* never ends :x"),
        ("$$ never ends :x", "$$ never ends :x"),
    ],
)
def test_what_is_a_placeholder(sql: str, rewritten: str) -> None:
    assert rewrite_for_postgresql(sql).sql == rewritten


@pytest.mark.parametrize(
    ("sql", "rewritten", "names"),
    [
        ("a = :x and b = :y or c = :x", "a = ? and b = ? or c = ?", ("x", "y", "x")),
        ("a = ':x' and b = :y", "a = ':x' and b = ?", ("y",)),
        ("a = 'it''s :x' and b = :y", "a = 'it''s :x' and b = ?", ("y",)),
        ("a = '\\' and :x' and b = :y", "a = '\\' and :x' and b = ?", ("y",)),
        ('a = "\\" and :x" and b = :y', 'a = "\\" and :x" and b = ?', ("y",)),
        ("a = '\\\\' and b = :y", "a = '\\\\' and b = ?", ("y",)),
        ("`:x` = :y", "`:x` = ?", ("y",)),
        ("`a``:x` = :y", "`a``:x` = ?", ("y",)),
        ("a = :x -- :no '\n and b = :y", "a = ? -- :no '\n and b = ?", ("x", "y")),
        ("a = 1--:x", "a = 1--?", ("x",)),
        ("a = 1 # :no '\n and b = :y", "a = 1 # :no '\n and b = ?", ("y",)),
        ("/* :no ' */ a = :y", "/* :no ' */ a = ?", ("y",)),
        ("/*! :no */ a = :y", "/*! :no */ a = ?", ("y",)),
        ("@a := :x", "@a := ?", ("x",)),
        ("@a:=:x", "@a:=?", ("x",)),
        ("'never ends :x", "'never ends :x", ()),
        ("/* never ends :x", "/* never ends :x", ()),
    ],
)
def test_what_is_a_placeholder_in_mariadb(sql: str, rewritten: str, names: tuple[str, ...]) -> None:
    assert rewrite_for_mysql(sql) == (rewritten, names)
