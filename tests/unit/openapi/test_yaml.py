"""The document as YAML says what it says as JSON, whatever reads it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from spica.openapi.yaml import render_yaml

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_what_is_read_back_is_what_was_written(document: dict[str, Any]) -> None:
    assert yaml.safe_load(render_yaml(document)) == document


@pytest.mark.parametrize(
    "word",
    ["no", "Yes", "on", "null", "~", "1.0", "0x1f", "2026-11-21", "1e3", "", "- a", "a: b", "#", "*", "&x", "=", "<<"],
)
def test_a_text_stays_a_text(word: str) -> None:
    assert yaml.safe_load(render_yaml({word: word, "list": [word]})) == {word: word, "list": [word]}


def test_it_reads_well() -> None:
    document = {"paths": {"/items/{id}": {"get": {"tags": ["items"], "responses": {"200": {"description": "OK"}}}}}}
    assert render_yaml(document) == (
        "paths:\n"
        '  "/items/{id}":\n'
        "    get:\n"
        "      tags:\n"
        '        - "items"\n'
        "      responses:\n"
        '        "200":\n'
        '          description: "OK"\n'
    )
