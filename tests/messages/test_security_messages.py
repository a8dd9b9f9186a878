"""The stored text of every error of crypto, secrets and security: none of them repeats what is secret."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

import spica.crypto.errors
import spica.secrets.errors
import spica.security.errors
from spica import crypto
from spica.cli.secrets_editor import edit_secrets, find_editor
from spica.crypto.derivation import CHEAPEST_COST
from spica.errors.base import SpicaError
from spica.secrets.master_key import MasterKey, parse_master_keys
from spica.secrets.store import SecretsFile
from spica.secrets.values import Secrets
from spica.security.keys import KeyRing
from spica.security.passwords import Passwords
from spica.security.signed_tokens import Tokens

KEY = MasterKey(bytes(range(32)))
TOKENS = Tokens(KeyRing(["a secret key of enough characters 0123456789"]))
BASES = {"_ToTheClient", "TokenError"}  # never raised themselves


def sealed(root: Path, text: str = 'stripe = "sk_live_1"') -> SecretsFile:
    file = SecretsFile(root, environ={})
    file.make_key(KEY)
    file.replace(text, started_from=b"")
    return file


def locked(root: Path) -> None:
    file = sealed(root)
    file.key_path.unlink()
    file.open(file.read())


def opened_by_another(root: Path) -> None:
    file = sealed(root)
    file.key_path.write_text(MasterKey(bytes(32)).text)
    file.open(file.read())


def cut(root: Path) -> None:
    file = sealed(root)
    file.open(file.read()[:80])


def exposed(root: Path) -> None:
    file = sealed(root)
    file.key_path.chmod(0o644)
    file.load_keys()


def changed(root: Path) -> None:
    sealed(root).replace("a = 1", started_from=b"")


def unwritable(root: Path) -> None:
    (root / "config").write_text("a file in the place of the folder")
    SecretsFile(root, environ={}).make_key(KEY)


def edit_by(root: Path, editor: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("VISUAL", editor)
        edit_secrets(sealed(root), find_editor())


async def overrun() -> None:
    checker = Passwords(CHEAPEST_COST, threads=1, max_waiting=1)
    await asyncio.gather(*(checker.verify("a", None) for _ in range(3)))


# name of the class: what a user did
ACTIONS: dict[str, Callable[[Path], object]] = {
    "WeakSecretKey": lambda _: KeyRing(["changeme"]),
    "NoSecretKey": lambda _: KeyRing([]),
    "TokenInvalid": lambda _: TOKENS.verify("reset", TOKENS.sign("unsubscribe", 7)),
    "TokenExpired": lambda _: TOKENS.verify("reset", TOKENS.sign("reset", 7), max_age=-1),
    "PasswordRefused": lambda _: Passwords(CHEAPEST_COST).check("short"),
    "PasswordsBusy": lambda _: asyncio.run(overrun()),
    "CannotOpen": lambda _: crypto.open(bytes(32), bytes(40)),
    "InvalidKey": lambda _: crypto.seal(b"hunter2", b"message"),
    "SecretsLocked": locked,
    "WrongMasterKey": opened_by_another,
    "SecretsDamaged": cut,
    "InvalidMasterKey": lambda _: parse_master_keys("hunter2", "SPICA_MASTER_KEY"),
    "KeyFileExposed": exposed,
    "NoSuchSecret": lambda _: Secrets({"stripe": {"key": "sk_live_1"}}).stripe.kye,
    "SecretsChanged": changed,
    "SecretsNotToml": lambda root: sealed(root, 'stripe = "sk_live_1'),
    "CannotWriteSecrets": unwritable,
    "KeyExists": lambda root: sealed(root).make_key(),
    "EditorFailed": lambda root: edit_by(root, "false"),
}

# name of the class: the message without the address of its docs
MESSAGES = {
    "WeakSecretKey": """\
SPICA-C101  the secret key has 8 characters, 7 of them different
  why    it takes at least 32 random characters to resist guessing
  fix    make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'""",
    "NoSecretKey": """\
SPICA-C102  there is no secret key to derive keys from
  why    sessions, signed cookies and tokens are only as safe as the key
  fix    set [app] secret_key in config/app.toml, or pass App(secret_key=...)""",
    "TokenInvalid": """\
SPICA-C103  the token is not one of ours
  why    it was changed, made for another purpose or by another application, or used already""",
    "TokenExpired": """\
SPICA-C104  the token has expired
  fix    ask for a new one""",
    "PasswordRefused": "SPICA-C105  the password is too short: it takes 8 characters",
    "PasswordsBusy": """\
SPICA-C106  too many passwords are being checked
  why    1 wait for one of 1 threads already
  fix    limit how often one client may try; raise [passwords] threads where there are cores and memory""",
    "CannotOpen": """\
SPICA-C110  the sealed octets don't open
  why    they were changed or cut, or sealed by another key, for another context or by another cipher
  fix    give open() the key, context and cipher that seal() was given""",
    "InvalidKey": """\
SPICA-C111  a key has 32 octets as bytes, not 7 octets
  why    a password is no key: it has too little randomness and the wrong length
  fix    make one by generate_key(), or by key_from_passphrase(...) of a passphrase""",
    "SecretsLocked": """\
SPICA-C120  config/secrets.toml.encrypted is there, and its key is not
  why    neither SPICA_MASTER_KEY nor the file config/secrets.key has it; keys are not committed
  fix    get the key from who has it and put it into config/secrets.key (chmod 600), or into SPICA_MASTER_KEY""",
    "WrongMasterKey": """\
SPICA-C121  the key doesn't open config/secrets.toml.encrypted
  why    it was sealed by the key 6079f0e5; here is 4b416389
  fix    take the key that belongs to this file; after a rotation, the new one""",
    "SecretsDamaged": """\
SPICA-C122  config/secrets.toml.encrypted can't be opened
  why    the key is the right one, but the text was cut or changed
  fix    restore it: git checkout -- config/secrets.toml.encrypted""",
    "InvalidMasterKey": """\
SPICA-C123  SPICA_MASTER_KEY holds no master key
  why    a key is 43 letters, digits, - and _; here are words of these lengths: 7
  fix    copy it whole from the key file; for a passphrase, run: spica secrets kdf""",
    "KeyFileExposed": """\
SPICA-C124  others may read the key file secrets.key: its mode is 0644
  where  FOLDER/config/secrets.key
  why    who has the key has every secret
  fix    chmod 600 FOLDER/config/secrets.key; if it was readable for long: spica secrets rotate""",
    "NoSuchSecret": """\
SPICA-C125  there is no secret 'stripe.kye'
  fix    did you mean stripe.key?""",
    "SecretsChanged": """\
SPICA-C126  config/secrets.toml.encrypted was changed while you edited it; nothing was written
  fix    run the command again, it starts from the file of now""",
    "SecretsNotToml": """\
SPICA-C128  the text of config/secrets.toml.encrypted is not valid TOML
  why    Unterminated string (at end of document)""",
    "CannotWriteSecrets": """\
SPICA-C129  config/secrets.key can't be written: File exists; it is as it was
  where  FOLDER/config
  fix    make room, or get write permission for that folder""",
    "KeyExists": """\
SPICA-C130  config/secrets.key is there already
  fix    to change the key: spica secrets rotate""",
    "EditorFailed": """\
SPICA-C127  the editor false ended with 1; nothing was changed
  fix    run the command again""",
}


@pytest.mark.parametrize("name", ACTIONS)
def test_message(name: str, tmp_path: Path) -> None:
    with pytest.raises(SpicaError) as caught:
        ACTIONS[name](tmp_path)
    assert type(caught.value).__name__ == name
    message, _, docs = str(caught.value).rpartition("\n  docs   ")
    assert message.replace(str(tmp_path.resolve()), "FOLDER") == MESSAGES[name]
    assert docs == f"docs/reference/errors.md#{caught.value.code.lower()}"
    assert "hunter2" not in message
    assert "sk_live" not in message


def test_every_error_has_a_stored_message() -> None:
    modules = (spica.crypto.errors, spica.secrets.errors, spica.security.errors)
    classes = {
        name
        for module in modules
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, SpicaError) and kind.__module__ == module.__name__
    }
    assert classes - BASES == set(MESSAGES) == set(ACTIONS)
