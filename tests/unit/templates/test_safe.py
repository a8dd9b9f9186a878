"""Safe text and raw()."""

from __future__ import annotations

from spica.templates import Safe, raw


def test_safe_text_escapes_what_it_is_joined_with() -> None:
    assert Safe("<b>") + "<" == Safe("<b>&lt;")
    assert "<" + Safe("<b>") == Safe("&lt;<b>")
    assert Safe("<b>") + Safe("<i>") == Safe("<b><i>")
    assert Safe(", ").join(["<", Safe("<b>"), None]) == Safe("&lt;, <b>, ")
    assert Safe("<b>{0}{x}</b>").format("<", x=3) == Safe("<b>&lt;3</b>")
    assert Safe("ab") * 2 == Safe("abab")


def test_other_methods_return_text_that_is_escaped_again() -> None:
    assert type(Safe("<b>").upper()) is str
    assert type(Safe("<b>")[1:]) is str
    assert type(Safe("<b>").__html__()) is str


def test_safe_shows_what_it_is() -> None:
    assert repr(Safe("<b>")) == "Safe('<b>')"


def test_raw_takes_anything() -> None:
    assert raw("<b>") == Safe("<b>")
    assert raw(None) == Safe("")
    assert raw(3) == Safe("3")
    assert isinstance(raw(3), Safe)
