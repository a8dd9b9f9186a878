"""`spica secrets`: make, edit, read and rotate the encrypted secrets of a project."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from spica.cli.errors import UsageError
from spica.cli.project import find_project

if TYPE_CHECKING:
    from spica.secrets.master_key import MasterKey
    from spica.secrets.sealed_text import Kdf
    from spica.secrets.store import SecretsFile

Env = Annotated[
    str | None, Parameter(name=("--env", "-e"), help="An environment with secrets of its own; default those of all.")
]
Name = Annotated[str, Parameter(name="NAME", help="Dotted: stripe.key.")]

app = App(
    name="secrets",
    help="""Make, edit, read and rotate the encrypted secrets of the project.

For example:

    spica secrets edit

    spica secrets edit --env production

    spica secrets get stripe.key
""",
    help_format="plaintext",
)


@app.command
def edit(*, env: Env = None) -> int:
    """Open the secrets in $VISUAL or $EDITOR, and seal them when it ends. Makes the file and its key the first time.

    For example:

        EDITOR="code --wait" spica secrets edit
    """
    from spica.cli.secrets_editor import edit_secrets, find_editor  # each command imports what it needs

    editor = find_editor()  # first: without one nothing is made
    file = _file(env)
    _ensure_key(file)
    return edit_secrets(file, editor)


@app.command
def show(path: Annotated[Path | None, Parameter(name="FILE")] = None, /, *, env: Env = None) -> int:
    """Print all secrets; or those of a FILE in the same format, for `git diff` (see docs/reference/secrets.md).

    For example:

        spica secrets show --env production
    """
    from spica.secrets.sealed_text import open_text, parse_header
    from spica.secrets.store import DEFAULT

    file = _file(env)
    octets = file.read(path)
    if path is not None and octets:
        scope = parse_header(octets, path.name).scope
        keys = _file(None if scope == DEFAULT else scope).load_keys()
        print(open_text(octets, path.name, None, keys), end="")
        return 0
    print(file.open(_existing(file)), end="")
    return 0


@app.command
def get(name: Name, /, *, env: Env = None) -> int:
    """Print one secret.

    For example:

        spica secrets get stripe.key --env production
    """
    from spica.secrets.store import parse_toml
    from spica.secrets.values import Secrets

    file = _file(env)
    found = Secrets(parse_toml(file.open(_existing(file)), file.name)).find(name)
    if isinstance(found, Secrets):
        raise UsageError(f"{name} is a table of {', '.join(found)}: name one of them")
    print(found)
    return 0


@app.command(name="set")
def set_(
    name: Name,
    value: Annotated[
        str | None, Parameter(name="VALUE", help="Read without echo, or from a pipe, when it is left out.")
    ] = None,
    /,
    *,
    env: Env = None,
) -> int:
    """Set one secret, as text. What else is in the file, comments too, stays as it is.

    For example:

        spica secrets set stripe.key

        pass show stripe | spica secrets set stripe.key
    """
    from spica.secrets.editing import set_value

    file = _file(env)
    if value is None:
        value = _ask(f"{name}: ", fix=f"spica secrets set {name} VALUE{_option(env)}, or let a pipe give it")
    _ensure_key(file)
    octets = file.read()
    file.replace(set_value(file.open(octets), name, value), started_from=octets)
    print(f"{name} is set in {file.name}")
    return 0


@app.command
def key(*, env: Env = None, show: Annotated[bool, Parameter(help="Print the key itself.")] = False) -> int:
    """Make the key and a file with a secret_key where they are not there yet; say where the key is and which one.

    For example:

        spica secrets key --env production

        spica secrets key --env production --show     (for SPICA_MASTER_KEY on a server)
    """
    from spica.secrets.fresh import ensure_secret_key

    file = _file(env)
    _ensure_key(file)
    if ensure_secret_key(file):
        print(f"{file.name} has a new secret_key, which [app] secret_key refers to; commit it", file=sys.stderr)
    current = file.load_keys()[0]
    print(current.text if show else f"{current.kid}  {file.key_origin()}")
    return 0


@app.command
def kdf(*, env: Env = None) -> int:
    """Make the key of a passphrase (Argon2id) and write the key file: the first time, or again on another machine.

    For example:

        spica secrets kdf --env production
    """
    from spica.crypto.derivation import PassphraseCost, key_from_passphrase
    from spica.crypto.randomness import token_bytes
    from spica.secrets.errors import KeyExists, WrongMasterKey
    from spica.secrets.fresh import fresh_text
    from spica.secrets.master_key import MasterKey
    from spica.secrets.sealed_text import Kdf

    file = _file(env)
    header = file.header()
    if header is not None and header.kdf is None:
        raise KeyExists(
            f"the key of {file.name} is not made of a passphrase",
            why="it is random, so it can only be copied",
            fix=f"get it from who has it; with it, change over: spica secrets rotate --passphrase{_option(env)}",
        )
    passphrase = _ask("passphrase: ", again=header is None)
    chosen = header.kdf if header is not None and header.kdf is not None else Kdf(token_bytes(16), PassphraseCost())
    made = MasterKey(key_from_passphrase(passphrase, chosen.salt, cost=chosen.cost))
    if header is not None and made.kid != header.kid:
        raise WrongMasterKey(f"the passphrase is not the one of {file.name}", fix="type it again")
    file.make_key(made)
    if header is None:
        file.replace(fresh_text(file.scope), started_from=b"", key=made, kdf=chosen)
    print(f"the key {made.kid} is in {file.key_name}")
    return 0


@app.command
def rotate(
    *, env: Env = None, passphrase: Annotated[bool, Parameter(help="Make the new key of a passphrase.")] = False
) -> int:
    """Seal the secrets by a new key. The key file holds both until that is done, so no moment is without one.

    For example:

        spica secrets rotate --env production
    """
    from spica.secrets.rotation import rotate_key

    file = _file(env)
    _existing(file)
    before, after = rotate_key(file, *_new_key(passphrase))
    if file.key_path.is_file() and file.key_origin() == str(file.key_path):
        print(f"{file.name} is sealed by {after.kid} now, not by {before.kid}; the new key is in {file.key_name}")
    else:
        print(f"{file.name} is sealed by {after.kid} now, not by {before.kid}. The new key, for {file.key_origin()}:\n")
        print(after.text)
    print("\nServers need the new key with the new file. What the old key has sealed is still in the history of git:")
    print("if the old key leaked, change the secrets themselves too.")
    return 0


def _new_key(passphrase: bool) -> tuple[MasterKey, Kdf | None]:
    from spica.crypto.derivation import PassphraseCost, key_from_passphrase
    from spica.crypto.randomness import token_bytes
    from spica.secrets.master_key import MasterKey
    from spica.secrets.sealed_text import Kdf

    if not passphrase:
        return MasterKey.generate(), None
    chosen = Kdf(token_bytes(16), PassphraseCost())
    words = _ask("new passphrase: ", again=True)
    return MasterKey(key_from_passphrase(words, chosen.salt, cost=chosen.cost)), chosen


def _file(env: str | None) -> SecretsFile:
    from spica.config.environment import environment_name
    from spica.secrets.store import DEFAULT, SecretsFile

    return SecretsFile(find_project(), environment_name(env) if env else DEFAULT)


def _existing(file: SecretsFile) -> bytes:
    octets = file.read()
    if not octets:
        option = "" if file.scope == "default" else f" --env {file.scope}"
        raise UsageError(f"there is no {file.name} yet; make it: spica secrets edit{option}")
    return octets


def _ensure_key(file: SecretsFile) -> None:
    """Make a key for a project that has neither file nor key."""
    if file.exists or file.key_origin():
        return
    if file.scope != "default" and os.path.lexists(file.path.parents[1] / "secrets.toml.encrypted"):
        print(
            f"{file.scope} gets a file of its own, and reads nothing of config/secrets.toml.encrypted any more:\n"
            f"set again what it needs, by spica secrets set NAME --env {file.scope}",
            file=sys.stderr,
        )
    made = file.make_key()
    print(f"made the key {made.kid} in {file.key_name}: keep a copy where others can't read it", file=sys.stderr)
    _check_ignored(file)


def _check_ignored(file: SecretsFile) -> None:
    ignore = file.path.parent
    while not (ignore / ".gitignore").is_file() and ignore != ignore.parent:
        ignore = ignore.parent
    path = ignore / ".gitignore"
    if path.is_file() and ".key" not in path.read_text("utf-8", "replace"):
        print("warning: .gitignore doesn't name it; add the line: /config/**/*.key", file=sys.stderr)


def _ask(question: str, *, again: bool = False, fix: str = "type one, or let a pipe give it") -> str:
    """A line without echo, or from a pipe without its end; asked twice where a mistake would lock everyone out."""
    if not sys.stdin.isatty():
        text = sys.stdin.read()
        text = text.removesuffix("\n").removesuffix("\r")
    else:
        import getpass

        text = getpass.getpass(question)
        if again and getpass.getpass(f"{question.removesuffix(': ')} again: ") != text:
            raise UsageError("the two are not the same; nothing was done")
    if not text:
        raise UsageError("no value was given, and nothing was done", fix=fix)
    return text


def _option(env: str | None) -> str:
    return f" --env {env}" if env else ""
