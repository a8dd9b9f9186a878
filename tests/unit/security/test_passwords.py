"""spica.security.passwords: hashing, refusing, and what happens under load."""

from __future__ import annotations

import asyncio
import threading

import pytest

from spica import App, passwords
from spica.crypto import PassphraseCost
from spica.crypto.derivation import CHEAPEST_COST
from spica.security.errors import PasswordRefused, PasswordsBusy
from spica.security.passwords import Passwords

GOOD = "quiet-otter-lamp"
CHEAP = Passwords(CHEAPEST_COST)


async def test_a_password_is_verified() -> None:
    hash = await CHEAP.hash(GOOD)
    assert hash.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert await CHEAP.verify(GOOD, hash)
    for wrong in (GOOD + "s", GOOD.upper(), "", "x" * 5_000, "\ud800"):
        assert not await CHEAP.verify(wrong, hash)
    assert hash != await CHEAP.hash(GOOD)


async def test_the_same_letters_in_another_form_are_the_same_password() -> None:
    hash = await CHEAP.hash("ﬁve café otters")
    assert await CHEAP.verify("five cafe\u0301 otters", hash)


async def test_nobody_costs_as_much_as_a_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    checker = Passwords(CHEAPEST_COST)
    hash = await checker.hash(GOOD)
    await checker.verify("x", None)
    verified: list[str] = []
    hasher = checker._get_hasher()
    verify = type(hasher).verify
    monkeypatch.setattr(type(hasher), "verify", lambda self, h, p: (verified.append(h), verify(self, h, p))[1])
    for stored in (hash, None):
        assert not await checker.verify("wrong one", stored)
    assert len(verified) == 2
    assert {len(one) for one in verified} == {len(hash)}  # of the same cost


async def test_nobody_is_not_signed_in_by_the_dummy_password() -> None:
    assert not await CHEAP.verify("nobody's password", None)


@pytest.mark.parametrize("stored", ["", "nonsense", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv", "plain"])
async def test_what_is_no_hash_verifies_nothing(stored: str) -> None:
    assert not await CHEAP.verify(GOOD, stored)
    assert CHEAP.needs_rehash(stored)


async def test_a_hash_of_another_cost_is_to_be_made_again_and_still_opens() -> None:
    hash = await CHEAP.hash(GOOD)
    dearer = Passwords(PassphraseCost(memory_kib=16, rounds=2, lanes=1))
    assert not CHEAP.needs_rehash(hash)
    assert dearer.needs_rehash(hash)
    assert await dearer.verify(GOOD, hash)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "empty"),
        ("   \t    ", "empty"),
        ("short", "too short: it takes 8"),
        ("x1" * 600, "too long"),
        ("password", "first that are guessed"),
        ("P@ssw0rd2024!", "first that are guessed"),
        ("12345678", "first that are guessed"),
        ("aaaaaaaaaaaa", "first that are guessed"),
        ("qwertyuiop", "first that are guessed"),
        ("A@B.example", "first that are guessed"),
    ],
)
async def test_passwords_that_are_not_taken(password: str, why: str) -> None:
    with pytest.raises(PasswordRefused, match=why) as caught:
        CHEAP.check(password, about="a@b.example")
    assert caught.value.status == 422
    assert len(password) < 9 or not password.strip() or password not in str(caught.value)
    if "@B" not in password:
        with pytest.raises(PasswordRefused):
            await CHEAP.hash(password)


async def test_an_own_check_of_breaches() -> None:
    checker = Passwords(CHEAPEST_COST, is_breached=lambda password: password == GOOD)
    with pytest.raises(PasswordRefused, match="known from a breach"):
        await checker.hash(GOOD)
    await checker.hash(GOOD + "s")


async def test_the_line_is_bounded_and_the_loop_stays_free(monkeypatch: pytest.MonkeyPatch) -> None:
    checker = Passwords(CHEAPEST_COST, threads=1, max_waiting=2)
    hash = await checker.hash(GOOD)
    may_go_on = threading.Event()
    real = checker._verify
    threads: list[str] = []

    def slow(password: str, stored: str | None) -> bool:
        threads.append(threading.current_thread().name)
        assert may_go_on.wait(30)
        return real(password, stored)

    monkeypatch.setattr(checker, "_verify", slow)
    tasks = [asyncio.create_task(checker.verify(GOOD, hash)) for _ in range(3)]
    await asyncio.sleep(0)  # each has taken its place
    with pytest.raises(PasswordsBusy, match="too many") as caught:
        await checker.verify(GOOD, hash)
    assert caught.value.status == 503
    tasks[0].cancel()  # its client left: the thread goes on, so its place is not free
    await asyncio.sleep(0)
    with pytest.raises(PasswordsBusy):
        await checker.verify(GOOD, hash)
    may_go_on.set()
    assert await asyncio.gather(*tasks[1:]) == [True, True]
    assert await checker.verify(GOOD, hash)
    assert set(threads) == {"passwords_0"}
    checker.close()


async def test_those_of_the_application_are_cheap_in_tests_and_not_elsewhere() -> None:
    App(env="test").core
    assert passwords.cost == CHEAPEST_COST
    assert await passwords.verify(GOOD, await passwords.hash(GOOD))
    App(env="production").core
    assert passwords.cost == PassphraseCost(65_536, 3, 4)
    App(env="test").core
