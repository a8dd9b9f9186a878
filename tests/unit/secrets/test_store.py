"""spica.secrets: the file, its key, and everything that can be wrong with either."""

from __future__ import annotations

import errno
import os
import pickle
import stat
import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spica.crypto import PassphraseCost
from spica.secrets import store
from spica.secrets.errors import (
    CannotWriteSecrets,
    InvalidMasterKey,
    KeyExists,
    KeyFileExposed,
    NoSuchSecret,
    SecretsChanged,
    SecretsDamaged,
    SecretsLocked,
    SecretsNotToml,
    WrongMasterKey,
)
from spica.secrets.master_key import MasterKey, parse_master_keys
from spica.secrets.sealed_text import MAX_BYTES, Kdf, build_sealed, open_text, parse_header
from spica.secrets.store import SecretsFile, load_secrets
from spica.secrets.values import Secrets

TEXT = '[stripe]\nkey = "sk_live_1"\nlevel = 3\n'
KEY = MasterKey(bytes(range(32)))


@pytest.fixture
def file(tmp_path: Path) -> SecretsFile:
    """A project's secrets with their key."""
    file = SecretsFile(tmp_path, environ={})
    file.make_key(KEY)
    file.replace(TEXT, started_from=b"")
    return file


# the format


@settings(deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_text_comes_back(text: str) -> None:
    assert open_text(build_sealed(text, "default", KEY), "f", "default", [KEY]) == text


def test_a_file_is_lines_that_git_can_carry() -> None:
    octets = build_sealed(TEXT * 20, "production", KEY)
    first, *_ = lines = octets.decode("ascii").splitlines()
    assert (first, lines[1], lines[2]) == ("spica-secrets v1", "for: production", f"key: {KEY.kid}")
    assert max(map(len, lines)) <= 76
    assert b"stripe" not in octets
    assert build_sealed(TEXT, "default", KEY) != build_sealed(TEXT, "default", KEY)
    assert open_text(octets.replace(b"\n", b"\r\n"), "f", "production", [KEY]) == TEXT * 20


def test_no_octet_can_be_changed_and_none_cut() -> None:
    octets = build_sealed("a = 1", "default", KEY)
    for at in range(len(octets)):
        cut = octets[:at] if at < len(octets) - 1 else b""  # the end of the last line is no part of it
        for other in (octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :], cut):
            with pytest.raises((SecretsDamaged, WrongMasterKey)):
                open_text(other, "f", "default", [KEY])


def test_a_file_of_another_environment_is_refused() -> None:
    octets = build_sealed(TEXT, "development", KEY)
    with pytest.raises(SecretsDamaged, match="holds the secrets of 'development', not of 'production'"):
        open_text(octets, "f", "production", [KEY])
    renamed = octets.replace(b"for: development", b"for: production")
    with pytest.raises(SecretsDamaged, match="can't be opened"):
        open_text(renamed, "f", "production", [KEY])


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"nonsense", "doesn't begin as a secrets file"),
        (b"\xff\xfe\0", "doesn't begin as a secrets file"),
        (b"spica-secrets v9\nfor: a\nkey: b\n\nAAAA\n", "its format is 'v9', and this version reads v1"),
        (b"spica-secrets v1\nfor: default\n\nAAAA\n", "its header is cut or changed"),
        (b"spica-secrets v1\nfor: default\nkey: " + KEY.kid.encode(), "its header is cut or changed"),
        (b"spica-secrets v1\nfor: default\nkey: " + KEY.kid.encode() + b"\n\n", "the text was cut or changed"),
        (b"spica-secrets v1\nfor: d\nkey: k\nkdf: argon2id 99999999 3 4 00\n\nAA", "the kdf in its header is none"),
        (b"spica-secrets v1\nfor: d\nkey: k\nkdf: md5 64 1 1 00\n\nAA", "the kdf in its header is none"),
        (b"spica-secrets v1\n" + b"x" * MAX_BYTES, "larger than 1,048,576 bytes"),
    ],
)
def test_what_is_no_secrets_file(octets: bytes, why: str) -> None:
    with pytest.raises(SecretsDamaged) as caught:
        open_text(octets, "config/secrets.toml.encrypted", "default", [KEY])
    assert why in caught.value.why


def test_the_wrong_key_says_so_with_both_ids() -> None:
    other = MasterKey.generate()
    with pytest.raises(WrongMasterKey) as caught:
        open_text(build_sealed(TEXT, "default", KEY), "f", "default", [other])
    assert KEY.kid in caught.value.why
    assert other.kid in caught.value.why


def test_the_cost_of_a_passphrase_is_in_the_header_and_is_not_changed_unnoticed() -> None:
    kdf = Kdf(b"s" * 16, PassphraseCost(64, 1, 1))
    octets = build_sealed(TEXT, "default", KEY, kdf)
    assert parse_header(octets, "f").kdf == kdf
    with pytest.raises(SecretsDamaged):
        open_text(octets.replace(b"argon2id 64", b"argon2id 65"), "f", "default", [KEY])


# keys


def test_a_key_as_text() -> None:
    assert len(KEY.text) == 43
    assert parse_master_keys(f" {KEY.text}\n", "X")[0].sealing_key == KEY.sealing_key
    assert [key.kid for key in parse_master_keys(f"{KEY.text},{MasterKey(b'o' * 32).text}", "X")] == [
        KEY.kid,
        MasterKey(b"o" * 32).kid,
    ]
    assert KEY.text not in repr(KEY)


@pytest.mark.parametrize("text", ["", "short", "x" * 42, "x" * 44, "é" * 43, "a passphrase", KEY.text + " hunter2"])
def test_what_is_no_key_is_not_repeated(text: str) -> None:
    with pytest.raises(InvalidMasterKey) as caught:
        parse_master_keys(text, "SPICA_MASTER_KEY")
    assert "hunter2" not in str(caught.value)
    assert KEY.text not in str(caught.value)


def test_the_variable_wins_over_the_named_file_and_that_over_the_file_beside(tmp_path: Path, file: SecretsFile) -> None:
    mounted = tmp_path / "mounted"
    mounted.write_text(MasterKey(b"m" * 32).text)
    mounted.chmod(0o444)  # as platforms mount secrets
    both = {"SPICA_MASTER_KEY_FILE": str(mounted), "SPICA_MASTER_KEY": MasterKey(b"v" * 32).text}
    assert SecretsFile(tmp_path, environ=both).load_keys()[0].kid == MasterKey(b"v" * 32).kid
    del both["SPICA_MASTER_KEY"]
    assert SecretsFile(tmp_path, environ=both).load_keys()[0].kid == MasterKey(b"m" * 32).kid
    assert file.load_keys()[0].kid == KEY.kid


def test_a_key_file_is_for_its_owner_alone(file: SecretsFile) -> None:
    assert stat.S_IMODE(file.key_path.stat().st_mode) == 0o600
    for mode in (0o640, 0o604, 0o666, 0o700 | 0o010):
        file.key_path.chmod(mode)
        with pytest.raises(KeyFileExposed, match=f"{mode:04o}"):
            file.load_keys()


def test_a_link_as_key_file_is_judged_by_what_it_names(tmp_path: Path, file: SecretsFile) -> None:
    real = tmp_path / "elsewhere"
    file.key_path.rename(real)
    file.key_path.symlink_to(real)
    assert file.load_keys()[0].kid == KEY.kid
    real.chmod(0o644)
    with pytest.raises(KeyFileExposed):
        file.load_keys()
    real.unlink()
    with pytest.raises(InvalidMasterKey, match="can't be read"):
        file.load_keys()
    file.key_path.unlink()
    file.key_path.mkdir()
    with pytest.raises(InvalidMasterKey, match="is no file"):
        file.load_keys()


def test_a_key_is_never_overwritten(file: SecretsFile) -> None:
    with pytest.raises(KeyExists, match="is there already"):
        file.make_key()
    file.key_path.unlink()
    with pytest.raises(KeyExists, match="another key has sealed it"):
        file.make_key()


# the file


def test_a_replacement_keeps_modes_and_leaves_nothing_behind(file: SecretsFile) -> None:
    file.replace("a = 1", started_from=file.read())
    assert file.open(file.read()) == "a = 1"
    assert sorted(path.name for path in file.path.parent.iterdir()) == ["secrets.key", "secrets.toml.encrypted"]


def test_a_text_that_is_not_toml_does_not_replace(file: SecretsFile) -> None:
    before = file.read()
    with pytest.raises(SecretsNotToml, match="line 2"):
        file.replace("a = 1\nb = = 2", started_from=before)
    assert file.read() == before


def test_a_file_that_someone_else_changed_is_not_overwritten(file: SecretsFile) -> None:
    before = file.read()
    file.replace("theirs = 1", started_from=before)
    with pytest.raises(SecretsChanged):
        file.replace("ours = 1", started_from=before)
    assert file.open(file.read()) == "theirs = 1"


def test_of_two_at_once_one_wins_whole(file: SecretsFile) -> None:
    before = file.read()
    outcomes: list[str] = []
    start = threading.Barrier(8)

    def write(number: int) -> None:
        start.wait()
        try:
            file.replace(f"a = {number}", started_from=before)
            outcomes.append(f"a = {number}")
        except SecretsChanged:
            outcomes.append("")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [winner] = [outcome for outcome in outcomes if outcome]
    assert file.open(file.read()) == winner


def test_a_link_stays_a_link(tmp_path: Path, file: SecretsFile) -> None:
    real = tmp_path / "real"
    file.path.rename(real)
    file.path.symlink_to(real)
    file.replace("a = 1", started_from=file.read())
    assert file.path.is_symlink()
    assert file.open(real.read_bytes()) == "a = 1"


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_failure_while_writing_leaves_the_old_file_and_no_other(
    file: SecretsFile, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = file.read()
    names = sorted(os.listdir(file.path.parent))
    with monkeypatch.context() as patched:
        patched.setattr(os, {"write": "fdopen", "fsync": "fsync", "replace": "replace"}[step], fail)
        with pytest.raises(CannotWriteSecrets, match="No space left on device; it is as it was"):
            file.replace("a = 1", started_from=before)
    assert file.read() == before
    assert sorted(os.listdir(file.path.parent)) == names


def test_what_a_killed_writer_left_is_in_nobodys_way(file: SecretsFile) -> None:
    left = file.path.with_name(f".{file.path.name}.{os.getpid()}.tmp")
    left.write_bytes(b"half")
    file.replace("a = 1", started_from=file.read())
    assert file.open(file.read()) == "a = 1"
    assert not left.exists()


def test_secrets_too_large_for_the_format(file: SecretsFile) -> None:
    before = file.read()
    with pytest.raises(CannotWriteSecrets, match="more than 1,048,576"):
        file.replace(f'a = "{"x" * MAX_BYTES}"', started_from=before)
    assert file.read() == before


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    file = SecretsFile(tmp_path, environ={})
    file.path.mkdir(parents=True)
    with pytest.raises(SecretsDamaged, match="can't be read"):
        file.read()


def test_a_draft_is_sealed_and_private(file: SecretsFile) -> None:
    file.keep_draft("not = [toml")
    assert b"toml" not in file.draft_path.read_bytes().partition(b"\n\n")[2]
    assert stat.S_IMODE(file.draft_path.stat().st_mode) == 0o600
    assert file.read_draft() == "not = [toml"
    file.drop_draft()
    assert file.read_draft() is None


# loading


def test_an_environment_has_its_own_file_or_the_common_one(tmp_path: Path, file: SecretsFile) -> None:
    own = SecretsFile(tmp_path, "production", environ={})
    own.make_key()
    own.replace('[stripe]\nkey = "of production"', started_from=b"")
    assert load_secrets(tmp_path, "production", {}).stripe.key == "of production"
    assert load_secrets(tmp_path, "test", {}).stripe.key == "sk_live_1"
    assert own.path == tmp_path / "config/secrets/production.toml.encrypted"


def test_without_a_key_production_does_not_start_and_others_find_it_out_when_they_read(
    tmp_path: Path, file: SecretsFile
) -> None:
    file.key_path.unlink()
    with pytest.raises(SecretsLocked, match="its key is not"):
        load_secrets(tmp_path, "production", {})
    secrets = load_secrets(tmp_path, "development", {})
    assert repr(secrets) == "Secrets(locked)"
    with pytest.raises(SecretsLocked) as caught:
        secrets.stripe
    assert "SPICA_MASTER_KEY" in caught.value.fix


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert len(load_secrets(tmp_path, "production", {})) == 0


# values


def test_secrets_by_attribute_item_and_name() -> None:
    secrets = Secrets({"stripe": {"key": "k", "level": 3}, "list": [1]})
    assert secrets.stripe.key == secrets["stripe"]["key"] == secrets.find("stripe.key") == "k"
    assert (secrets.get("stripe.kee"), secrets.get("list"), "stripe" in secrets, list(secrets)) == (
        None,
        [1],
        True,
        ["stripe", "list"],
    )
    assert secrets.get("list.x", 7) == 7


def test_a_missing_secret_has_near_matches_and_no_values() -> None:
    secrets = Secrets({"stripe": {"key": "sk_live_1"}})
    with pytest.raises(NoSuchSecret, match=r"no secret 'stripe\.kye'") as caught:
        secrets.stripe.kye
    assert caught.value.fix == "did you mean stripe.key?"
    assert "sk_live" not in str(caught.value)
    assert not hasattr(secrets, "strip")
    assert Secrets().get("a") is None


def test_secrets_do_not_show_themselves() -> None:
    secrets = Secrets({"stripe": {"key": "sk_live_1"}, "pin": 1234})
    assert repr(secrets) == str(secrets) == f"{secrets}" == "Secrets(stripe.key=[hidden], pin=[hidden])"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secrets)
    with pytest.raises(TypeError):
        msgspec.json.encode(secrets)


def test_a_table_as_a_struct() -> None:
    class Stripe(msgspec.Struct):
        key: str
        level: int

    assert Secrets({"stripe": {"key": "k", "level": 3}}).section("stripe", Stripe) == Stripe("k", 3)
    with pytest.raises(msgspec.ValidationError, match="level"):
        Secrets({"stripe": {"key": "sk_live", "level": "x"}}).section("stripe", Stripe)


def test_the_text_of_a_toml_mistake_has_no_secret_in_it() -> None:
    with pytest.raises(SecretsNotToml) as caught:
        store.parse_toml('key = "sk_live_1" "again"', "f")
    assert "sk_live" not in str(caught.value)
    assert caught.value.__cause__ is None
