"""One secrets file of a project and its key file: opening, and replacing without a moment in which neither is whole.

Rules:
- A file is written beside its place, flushed to the disk and renamed over it: a reader sees the old or the new one,
  after a crash too. A symbolic link stays one; what it names is replaced.
- A replacement says which octets it started from. If the file holds others by then, someone else was here: nothing is
  written, and what was written here is kept, sealed, as a draft.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from spica.secrets.errors import (
    CannotWriteSecrets,
    KeyExists,
    SecretsChanged,
    SecretsDamaged,
    SecretsLocked,
    SecretsNotToml,
)
from spica.secrets.master_key import VARIABLE, MasterKey, find_master_keys
from spica.secrets.sealed_text import MAX_BYTES, Header, Kdf, build_sealed, open_text, parse_header
from spica.secrets.values import Secrets

DEFAULT = "default"
_FILE = "config/secrets.toml.encrypted"
_KEY = "config/secrets.key"


class SecretsFile:
    """The secrets of one environment, or those of all others.

    Args:    root: the project's folder; scope: an environment, or "default"; environ: the environment variables.
    """

    def __init__(self, root: Path, scope: str = DEFAULT, environ: Mapping[str, str] | None = None) -> None:
        self.scope = scope
        self.name = _FILE if scope == DEFAULT else f"config/secrets/{scope}.toml.encrypted"
        self.key_name = _KEY if scope == DEFAULT else f"config/secrets/{scope}.key"
        self.path = root / self.name
        self.key_path = root / self.key_name
        self.draft_path = self.path.with_name(f"{self.path.name}.draft")
        self._environ = os.environ if environ is None else environ

    @property
    def exists(self) -> bool:
        """Whether there is such a file; a link to nowhere counts, so that it is noticed."""
        return os.path.lexists(self.path)

    # Reading

    def read(self, path: Path | None = None) -> bytes:
        """The octets of the file, b"" when there is none. Raises SecretsDamaged when it can't be read."""
        try:
            with (path or self.path).open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise SecretsDamaged(f"{self.name} can't be read: {error.strerror}", where=str(self.path)) from error

    def load_keys(self) -> list[MasterKey]:
        """The keys at hand.

        Raises: SecretsLocked when there is none; InvalidMasterKey; KeyFileExposed.
        """
        keys, _ = find_master_keys(self.key_path, self._environ)
        if not keys:
            self.refuse()
        return keys

    def key_origin(self) -> str:
        """Where the key comes from: the variable's name or the file's, "" when there is none."""
        return find_master_keys(self.key_path, self._environ)[1]

    def refuse(self) -> NoReturn:
        """Say that there is no key."""
        raise SecretsLocked(
            f"{self.name} is there, and its key is not",
            why=f"neither {VARIABLE} nor the file {self.key_name} has it; keys are not committed",
            fix=f"get the key from who has it and put it into {self.key_name} (chmod 600), or into {VARIABLE}",
        )

    def open(self, octets: bytes) -> str:
        """Open what `read` returned; "" for b"". Raises SecretsLocked, WrongMasterKey, SecretsDamaged."""
        return open_text(octets, self.name, self.scope, self.load_keys()) if octets else ""

    def header(self) -> Header | None:
        """What the file says of itself; None when there is none."""
        octets = self.read()
        return parse_header(octets, self.name) if octets else None

    # Writing

    def replace(self, text: str, *, started_from: bytes, key: MasterKey | None = None, kdf: Kdf | None = None) -> None:
        """Seal a text and put it in the file's place.

        Args:    text: the TOML; started_from: what `read` had returned; key: default the first at hand; kdf: where the
                 key comes from, default as before.
        Raises:  SecretsNotToml; SecretsChanged; CannotWriteSecrets. The file is as it was then.
        """
        parse_toml(text, self.name)
        if key is None:
            key = self.load_keys()[0]
            before = parse_header(started_from, self.name) if started_from else None
            kdf = kdf or (before.kdf if before is not None and before.kid == key.kid else None)
        sealed = build_sealed(text, self.scope, key, kdf)
        if len(sealed) > MAX_BYTES:
            raise CannotWriteSecrets(f"the secrets take {len(sealed):,} bytes sealed, more than {MAX_BYTES:,}")
        with _writing(self.name), self._lock():
            if self.read() != started_from:
                raise SecretsChanged(
                    f"{self.name} was changed while you edited it; nothing was written",
                    fix="run the command again, it starts from the file of now",
                )
            write_atomically(self.path, sealed, mode=0o644)

    def make_key(self, key: MasterKey | None = None) -> MasterKey:
        """Write a new key file.

        Raises: KeyExists when there is a key or a file that another key sealed; CannotWriteSecrets.
        """
        if os.path.lexists(self.key_path):
            raise KeyExists(f"{self.key_name} is there already", fix="to change the key: spica secrets rotate")
        if key is None and self.exists:
            raise KeyExists(
                f"{self.name} is there and another key has sealed it",
                why="a new key would not open it",
                fix=f"get its key and put it into {self.key_name}, or remove the file to start anew",
            )
        key = key or MasterKey.generate()
        with _writing(self.key_name):
            self.key_path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.key_path, f"{key.text}\n".encode(), mode=0o600)
        return key

    def write_keys(self, keys: list[MasterKey]) -> None:
        """Replace the key file's keys. Raises CannotWriteSecrets."""
        with _writing(self.key_name):
            write_atomically(self.key_path, "".join(f"{key.text}\n" for key in keys).encode(), mode=0o600)

    # A draft: what was typed and could not be saved, sealed like the file.

    def keep_draft(self, text: str) -> None:
        """Keep a text that can't be saved as it is. Raises CannotWriteSecrets."""
        with _writing(self.draft_path.name):
            self.draft_path.parent.mkdir(parents=True, exist_ok=True)
            sealed = build_sealed(text, f"{self.scope} draft", self.load_keys()[0])
            write_atomically(self.draft_path, sealed, mode=0o600)

    def read_draft(self) -> str | None:
        """The draft of an earlier edit, None when there is none or it can't be opened any more."""
        octets = self.read(self.draft_path)
        if not octets:
            return None
        return open_text(octets, self.draft_path.name, f"{self.scope} draft", self.load_keys())

    def drop_draft(self) -> None:
        """Forget the draft."""
        with contextlib.suppress(OSError):
            self.draft_path.unlink()

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One writer at a time, by a lock on the folder: it leaves no file behind and ends with its process."""
        folder = self.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        try:
            import fcntl  # here, not above: there is none on Windows, where the rename alone has to do
        except ImportError:
            yield
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def load_secrets(root: Path, env: str, environ: Mapping[str, str]) -> Secrets:
    """Open the secrets of an environment: its own file, else the default one.

    Args:    root: the project's folder; env: the environment's full name; environ: the environment variables.
    Returns: the secrets; none when there is no file; locked ones, which raise when read, when development or test lacks
             the key.
    Raises:  SecretsLocked in production; WrongMasterKey, SecretsDamaged, InvalidMasterKey, KeyFileExposed.
    """
    file = SecretsFile(root, env, environ)
    if not file.exists:
        file = SecretsFile(root, DEFAULT, environ)
    if not file.exists:
        return Secrets()
    keys, _ = find_master_keys(file.key_path, environ)
    if not keys:
        return file.refuse() if env == "production" else Secrets(refuse=file.refuse)
    octets = file.read()
    table = parse_toml(open_text(octets, file.name, file.scope, keys), file.name)
    return Secrets(table, env="" if file.scope == DEFAULT else file.scope)


def parse_toml(text: str, name: str) -> dict[str, object]:
    """Parse secrets. Raises SecretsNotToml with the line, and without the text of it."""
    import tomllib  # here, not above: a project without secrets doesn't parse any

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SecretsNotToml(f"the text of {name} is not valid TOML", why=str(error)) from None


def write_atomically(path: Path, octets: bytes, *, mode: int) -> None:
    """Put octets in a file's place: whole or not at all. Raises OSError; nothing is left behind then."""
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), mode)
    except FileExistsError:  # of a process that was killed and had our number
        draft.unlink()
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    with contextlib.suppress(OSError):  # not every system lets a folder be flushed
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextlib.contextmanager
def _writing(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotWriteSecrets(
            f"{name} can't be written: {error.strerror or error}; it is as it was",
            where=str(error.filename or name),
            fix="make room, or get write permission for that folder",
        ) from error
