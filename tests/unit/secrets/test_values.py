"""spica.secrets.values: what is not there is told by the name that is to be set."""

from __future__ import annotations

import pytest

from spica.secrets.errors import NoSuchSecret
from spica.secrets.values import Secrets


@pytest.mark.parametrize("table", [{}, {"other": {"key": "x"}}, {"billing": {"currency": "EUR"}}, {"billing": "x"}])
def test_what_is_missing_is_told_by_its_whole_name(table: dict[str, object]) -> None:
    with pytest.raises(NoSuchSecret) as caught:
        Secrets(table).find("billing.key")
    assert "there is no secret 'billing.key'" in caught.value.what
    assert caught.value.fix != "add it: spica secrets set billing"


def test_a_secret_that_is_there_is_found_and_a_near_one_is_named() -> None:
    secrets = Secrets({"billing": {"key": "sk_1"}})
    assert secrets.find("billing.key") == "sk_1"
    with pytest.raises(NoSuchSecret) as caught:
        secrets.find("biling.key")
    assert caught.value.fix == "did you mean billing.key?"
