"""spica.orm.passwords: hashed by save, compared by authenticate, shown by nothing."""

from __future__ import annotations

import copy
import json
import pickle
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from spica import passwords
from spica.crypto import PassphraseCost
from spica.crypto.derivation import CHEAPEST_COST
from spica.db import Database
from spica.http.json import encode
from spica.orm import Model, ModelDefinitionError, Password, UnknownField, before_save, field, validates
from spica.security.passwords import use_passwords

GOOD = "quiet-otter-lamp"
OTHER = "loud-badger-desk"


class User(Model):
    email: str | None = field(unique=True)
    password: Password
    name: str = ""


class Guest(Model):
    password: Password | None
    pin: Password | None
    validates("pin", length=(12, 20), format=r"^[0-9]+$")


@pytest.fixture(autouse=True)
async def tables(db: Database) -> AsyncIterator[None]:
    """The tables, and the cheapest hashes."""
    await db.execute(
        "create table users (id integer primary key, email varchar unique, password_hash varchar not null, name text)"
    )
    await db.execute("create table guests (id integer primary key, password_hash varchar, pin_hash varchar)")
    previous = passwords.cost
    use_passwords(CHEAPEST_COST, threads=2, max_waiting=64, min_characters=8)
    yield
    use_passwords(previous, threads=2, max_waiting=64, min_characters=8)


async def stored(user: User) -> Any:
    return (await User.where(id=user.id).pluck("password_hash"))[0]


async def test_save_hashes_the_password_and_authenticate_compares(db: Database) -> None:
    user = await User.create(email="a@b.c", password=GOOD)
    assert (await stored(user)).startswith("$argon2id$")
    assert user.password_hash == await stored(user)  # type: ignore[attr-defined]
    for record in (user, await User.find(user.id)):
        assert await record.authenticate(GOOD)
        for wrong in (OTHER, "", None, 5, user.password_hash):  # type: ignore[attr-defined]
            assert not await record.authenticate(wrong)


async def test_the_hash_is_not_made_on_the_loop_s_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []
    hasher = passwords._get_hasher()
    real = type(hasher).hash
    monkeypatch.setattr(
        type(hasher), "hash", lambda self, text: (threads.append(threading.current_thread().name), real(self, text))[1]
    )
    await User.create(email="a@b.c", password=GOOD)
    assert [name.startswith("passwords") for name in threads] == [True]


async def test_a_password_can_be_set_and_not_read() -> None:
    user = User(password=GOOD)
    with pytest.raises(AttributeError, match="set and not read"):
        user.password
    assert not hasattr(user, "password")
    user.password = OTHER
    assert await user.save()
    assert await user.authenticate(OTHER)
    with pytest.raises(AttributeError, match="set and not read"):
        user.password


@pytest.mark.parametrize("saved", [False, True])
async def test_nothing_shows_the_password_or_its_hash(saved: bool) -> None:
    user = User(email="a@b.c", password=GOOD)
    if saved:
        await user.save()
    hash = user.password_hash  # type: ignore[attr-defined]
    assert GOOD not in repr(user.to_dict())
    for text in (repr(user), str(user), encode(user).decode(), repr(user.changed)):
        assert GOOD not in text
        assert str(hash) not in text
    assert "password_hash=[hidden]" in repr(user)
    assert "password_hash" not in json.loads(encode(user))


async def test_a_password_that_is_not_hashed_is_copied_and_not_pickled() -> None:
    user = User(email="a@b.c", password=GOOD)
    assert await copy.deepcopy(user).save()
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(user)
    await User.delete_all()
    await user.save()
    assert await pickle.loads(pickle.dumps(user)).authenticate(GOOD)


async def test_a_password_is_required_and_judged_by_its_own_name() -> None:
    for given, message in [
        (None, "can't be blank"),
        ("", "can't be blank"),
        ("short", "is too short: it takes 8 characters"),
        ("password", "is one of the first that are guessed"),
        (5, "must be text"),
    ]:
        user = User(email="a@b.c", password=given)
        assert not await user.save()
        assert list(user.errors) == [("password", message)]
    assert await User.count() == 0


async def test_rules_see_the_text_and_only_when_it_is_new() -> None:
    guest = Guest(pin="12345678x")
    assert not await guest.save()
    assert guest.errors.on("pin") == ["is too short (minimum is 12 characters)", "is invalid"]
    guest.pin = "837465019283"
    assert await guest.save()
    assert guest.password_hash is None  # type: ignore[attr-defined]
    assert await (await Guest.find(guest.id)).save()
    assert await guest.authenticate("837465019283", by="pin")
    assert not await guest.authenticate("837465019283")


async def test_the_empty_control_of_a_form_leaves_the_password() -> None:
    user = await User.create(email="a@b.c", password=GOOD)
    assert await user.update(password="", name="Ann")
    assert await user.authenticate(GOOD)
    assert await user.update(password=OTHER)
    assert await user.authenticate(OTHER)
    user.password = None  # type: ignore[assignment]
    assert not await user.save()


async def test_a_new_password_counts_when_it_is_saved() -> None:
    user = await User.create(email="a@b.c", password=GOOD)
    user.password = OTHER
    assert await user.authenticate(GOOD)
    assert not await user.authenticate(OTHER)
    assert not await User(password=GOOD).authenticate(GOOD)


async def test_a_callback_may_set_it(db: Database) -> None:
    class Robot(Model, table="users"):
        password: Password
        name: str = ""

        @before_save
        def choose(self) -> None:
            self.password = OTHER

    robot = Robot(name="r2", password=GOOD)
    assert await robot.save(validate=False)
    assert await robot.authenticate(OTHER)


async def test_a_dearer_cost_is_taken_at_the_next_login() -> None:
    user = await User.create(email="a@b.c", password=GOOD)
    cheap = user.password_hash  # type: ignore[attr-defined]
    use_passwords(PassphraseCost(memory_kib=16, rounds=1, lanes=1), threads=2, max_waiting=64, min_characters=8)
    assert not await user.authenticate(OTHER)
    assert await stored(user) == cheap
    user.name = "unsaved"
    assert await user.authenticate(GOOD)
    assert "m=16," in await stored(user)
    assert user.changed == ["name"]
    assert await user.authenticate(GOOD)


async def test_a_login_does_not_undo_a_change_of_password() -> None:
    user = await User.create(email="a@b.c", password=GOOD)
    old = await User.find(user.id)
    await user.update(password=OTHER)
    use_passwords(PassphraseCost(memory_kib=16, rounds=1, lanes=1), threads=2, max_waiting=64, min_characters=8)
    assert await old.authenticate(GOOD)  # the row it was read from
    assert await (await User.find(user.id)).authenticate(OTHER)


async def test_authenticate_by_finds_and_compares() -> None:
    user = await User.create(email="a@b.c", password=GOOD)
    nobody = await User.create(email=None, password=GOOD)
    assert await User.authenticate_by(email="a@b.c", password=GOOD) == user
    assert await User.authenticate_by(email="a@b.c", password=OTHER) is None
    assert await User.authenticate_by(email="x@b.c", password=GOOD) is None
    for email in (None, ["a@b.c"], 5, "\x00"):
        assert await User.authenticate_by(email=email, password=GOOD) is None
    assert await User.authenticate_by(id=str(nobody.id), password=GOOD) == nobody
    with pytest.raises(ModelDefinitionError, match="nothing to find"):
        await User.authenticate_by(password=GOOD)


@pytest.mark.parametrize("email", ["a@b.c", "absent@b.c", "\x00", None])
async def test_authenticate_by_always_computes_one_hash(email: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    await User.create(email="a@b.c", password=GOOD)
    await passwords.verify("x", None)  # its own first hash
    verified: list[object] = []
    hasher = type(passwords._get_hasher())
    real = hasher.verify
    monkeypatch.setattr(hasher, "verify", lambda self, hash, text: (verified.append(hash), real(self, hash, text))[1])
    assert await User.authenticate_by(email=email, password=OTHER) is None
    assert len(verified) == 1


async def test_a_password_is_no_column() -> None:
    for use in (lambda: User.where(password=GOOD), lambda: User.order("password")):
        with pytest.raises(UnknownField, match="kept as its hash"):
            use()
    with pytest.raises(UnknownField, match="kept as its hash"):
        await User.where(id=1).update_all(password=GOOD)


async def test_what_has_no_password_says_so() -> None:
    class Plain(Model, table="users"):
        name: str

    with pytest.raises(ModelDefinitionError, match="no password 'password'"):
        await Plain(name="x").authenticate(GOOD)


def test_a_password_takes_no_options() -> None:
    with pytest.raises(ModelDefinitionError, match="no default and no options"):

        class Thing(Model):
            password: Password = "secret"


def test_mixins_and_bases_may_have_it() -> None:
    class Base(Model, abstract=True):
        password: Password

    class Pinned:
        pin: Password | None

    class Member(Base, Pinned):
        name: str = ""

    assert list(Member.__schema__.by_name) == ["id", "password_hash", "name", "pin_hash"]
    assert set(Member.__schema__.passwords) == {"password", "pin"}
    assert Member.__schema__.hidden == {"password_hash", "pin_hash"}


@pytest.mark.parametrize(
    ("given", "code", "parameters"),
    [
        (None, "blank", {}),
        ("   ", "blank", {}),
        ("short", "too_short", {"count": 8}),
        ("x" * 2_000, "too_long", {"count": 1_024}),
        ("password123", "common", {}),
        (7, "invalid", {}),
    ],
)
async def test_what_is_wrong_with_a_password_has_a_code_for_translations(
    given: Any, code: str, parameters: dict[str, int]
) -> None:
    user = User(email="a@b.c", password=given)
    assert not await user.save()
    (message,) = user.errors.details("password")
    assert (message.code, message.parameters) == (code, parameters)
