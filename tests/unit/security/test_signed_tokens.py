"""spica.security.signed_tokens: what comes back, and everything that must not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spica import App, SpicaError, tokens
from spica.errors.http import HttpError
from spica.security import signed_tokens
from spica.security.errors import NoSecretKey, TokenExpired, TokenInvalid
from spica.security.keys import KeyRing
from spica.security.signed_tokens import Tokens, use_tokens

OLD = "the old secret key 0123456789 abcdef"
NEW = "the new secret key 0123456789 abcdef"
MADE = Tokens(KeyRing([NEW]))
BOTH = pytest.mark.parametrize(("close", "reopen"), [("sign", "verify"), ("encrypt", "decrypt")])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=5,
)


class Clock:
    """Stands for the module time."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.5

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(signed_tokens, "time", clock)
    return clock


@BOTH
@settings(deadline=None)
@given(value=JSON)
def test_any_json_value_comes_back(close: str, reopen: str, value: object) -> None:
    assert getattr(MADE, reopen)("p", getattr(MADE, close)("p", value)) == value


@BOTH
def test_no_character_can_be_changed_cut_or_added(close: str, reopen: str) -> None:
    token = getattr(MADE, close)("p", 7)
    changed = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(len(token))]
    for wrong in [
        *changed,
        *(token[:end] for end in range(len(token))),
        token + "A",
        "",
        "v1..",
        "é" * 9,
        "x" * 10_000,
    ]:
        with pytest.raises(TokenInvalid):
            getattr(MADE, reopen)("p", wrong)


def test_a_token_is_for_one_purpose_and_one_kind() -> None:
    with pytest.raises(TokenInvalid):
        MADE.verify("password-reset", MADE.sign("unsubscribe", 7))
    with pytest.raises(TokenInvalid):
        MADE.decrypt("p", MADE.sign("p", 7))
    with pytest.raises(TokenInvalid):
        MADE.verify("p", MADE.encrypt("p", 7))
    with pytest.raises(TokenInvalid):
        MADE.verify("p", None)  # type: ignore[arg-type]


@BOTH
def test_age_as_the_maker_said(close: str, reopen: str, clock: Clock) -> None:
    token = getattr(MADE, close)("p", 7, max_age=60)
    clock.now += 59
    assert getattr(MADE, reopen)("p", token) == 7
    clock.now += 2
    with pytest.raises(TokenExpired, match="expired"):
        getattr(MADE, reopen)("p", token)


def test_age_as_the_reader_says(clock: Clock) -> None:
    token = MADE.sign("socket", 7)
    clock.now += 86_399
    assert MADE.verify("socket", token, max_age=86_400) == 7
    clock.now += 2
    with pytest.raises(TokenExpired):
        MADE.verify("socket", token, max_age=86_400)
    assert MADE.verify("socket", token) == 7


def test_a_negative_age_is_over_at_once() -> None:
    for age in (0, -1, -1e12):
        with pytest.raises(TokenExpired):
            MADE.verify("p", MADE.sign("p", 7, max_age=age))


def test_an_encrypted_token_hides_its_value_and_a_signed_one_does_not_hide_from_change() -> None:
    value = "visible-value"
    assert MADE.encrypt("p", value) != MADE.encrypt("p", value)


def test_rotated_keys_open_and_dropped_ones_do_not() -> None:
    token = Tokens(KeyRing([OLD])).sign("p", 7, state="s")
    assert Tokens(KeyRing([NEW, OLD])).verify("p", token, state="s") == 7
    with pytest.raises(TokenInvalid):
        MADE.verify("p", token, state="s")


def test_a_state_binds() -> None:
    token = MADE.sign("reset", 7, state="hash 1")
    assert MADE.verify("reset", token, state="hash 1") == 7
    assert MADE.verify("reset", token, state=b"hash 1") == 7
    for state in ("hash 2", "", None):
        with pytest.raises(TokenInvalid):
            MADE.verify("reset", token, state=state)
    with pytest.raises(TokenInvalid):
        MADE.verify("reset", MADE.sign("reset", 7), state="hash 1")


async def test_a_reset_link_works_once(clock: Clock) -> None:
    users = {7: {"hash": "one"}}

    async def find(id: int) -> dict[str, str] | None:
        return users.get(id)

    token = MADE.sign("reset", 7, max_age=900, state=users[7]["hash"])
    user = await MADE.redeem("reset", token, find, state=lambda user: user["hash"])
    user["hash"] = "two"
    with pytest.raises(TokenInvalid, match="was used"):
        await MADE.redeem("reset", token, find, state=lambda user: user["hash"])
    fresh = MADE.sign("reset", 7, max_age=900, state="two")
    assert await MADE.redeem("reset", fresh, users.get, state=lambda user: user["hash"]) is user
    users.clear()
    with pytest.raises(TokenInvalid):
        await MADE.redeem("reset", fresh, find, state=lambda user: user["hash"])
    clock.now += 901
    with pytest.raises(TokenExpired):
        await MADE.redeem("reset", fresh, find, state=lambda user: user["hash"])


def test_a_refused_token_is_a_401_that_says_little() -> None:
    with pytest.raises(TokenInvalid) as caught:
        MADE.verify("p", "nonsense")
    assert isinstance(caught.value, HttpError)
    assert isinstance(caught.value, SpicaError)
    assert (caught.value.status, caught.value.detail) == (401, "the token is not one of ours")


def test_the_tokens_of_the_application_that_is_served() -> None:
    use_tokens(None)
    with pytest.raises(NoSecretKey, match=r"tokens\.sign needs an application"):
        tokens.sign("p", 7)
    App(secret_key=NEW).core
    assert MADE.verify("p", tokens.sign("p", 7)) == 7
    App(secret_key=OLD).core
    with pytest.raises(TokenInvalid):
        MADE.verify("p", tokens.sign("p", 7))
    App().core
    with pytest.raises(NoSecretKey):
        tokens.sign("p", 7)
    assert repr(tokens) == "spica.tokens"
