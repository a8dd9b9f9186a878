"""Editing secrets: the text in a private file, the user's editor, and nothing typed is lost.

read -> editor -> unchanged: done
               -> not TOML, or can't be saved: again? -> yes: editor with the same text
                                                      -> no:  kept sealed as a draft, offered by the next edit
               -> sealed, and put in the file's place
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from spica.errors.base import SpicaError
from spica.secrets.errors import CannotWriteSecrets, EditorFailed, SecretsChanged, SecretsNotToml
from spica.secrets.fresh import fresh_text
from spica.secrets.private_file import private_file
from spica.secrets.store import SecretsFile

_FRESH = """\
# Secrets{about}: sealed when you save and close, read as app.secrets.stripe.key and "${{secrets.stripe.key}}".

{key}
# [stripe]
# key = "sk_live_..."
"""


def edit_secrets(file: SecretsFile, command: list[str]) -> int:
    """Let the user edit the secrets.

    Args:    command: of the editor, see `find_editor`.
    Returns: the exit code.
    Raises:  EditorFailed; what opening and sealing raise. The file is as it was then.
    """
    octets = file.read()
    before = file.open(octets)
    draft = file.read_draft()
    if draft is not None:
        print(f"this is the draft of your last edit, which is not in {file.name} yet", file=sys.stderr)
    about = "" if file.scope == "default" else f" of {file.scope}"
    text = draft if draft is not None else before or _FRESH.format(about=about, key=fresh_text(file.scope))
    shown = text
    with private_file(text, "secrets.toml") as path:
        while True:
            text = run_editor(command, path)
            if draft is None and text == shown and octets:
                print("nothing was changed")
                return 0
            try:
                file.replace(text, started_from=octets)
            except (SecretsNotToml, CannotWriteSecrets, SecretsChanged) as error:
                print(error, file=sys.stderr)
                if isinstance(error, SecretsChanged) or not _again():
                    return _keep(file, text, error)
                continue
            file.drop_draft()
            print(f"sealed {file.name}")
            return 0


def find_editor() -> list[str]:
    """The command of the user's editor. Raises EditorFailed when none is set."""
    chosen = os.environ.get("VISUAL", "").strip() or os.environ.get("EDITOR", "").strip()
    try:
        words = shlex.split(chosen)
    except ValueError as error:
        raise EditorFailed(f"$EDITOR can't be read: {error}", fix="export EDITOR=nano") from None
    if not words:
        raise EditorFailed("no editor is known", why="neither VISUAL nor EDITOR is set", fix="export EDITOR=nano")
    return words


def run_editor(command: list[str], path: Path) -> str:
    """Run the editor on a file and give the text it left. Raises EditorFailed; nothing is changed then."""
    try:
        code = subprocess.run([*command, str(path)], check=False).returncode  # noqa: S603 - the user's own editor
    except OSError as error:
        raise EditorFailed(
            f"the editor {command[0]} can't be started: {error.strerror}", fix="export EDITOR=nano"
        ) from None
    if code != 0:
        raise EditorFailed(
            f"the editor {command[0]} ended with {code}; nothing was changed", fix="run the command again"
        )
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EditorFailed(f"the editor left no text: {error}; nothing was changed") from None


def _again() -> bool:
    if not sys.stdin.isatty():
        return False
    return input("edit again? [Y/n] ").strip().lower() in ("", "y", "yes")


def _keep(file: SecretsFile, text: str, error: SpicaError) -> int:
    try:
        file.keep_draft(text)
    except SpicaError as failure:
        print(f"and what you typed can't be kept: {failure.what}", file=sys.stderr)
        return 1
    print(
        f"what you typed is kept, sealed, in {file.draft_path.name}: spica secrets edit goes on from there",
        file=sys.stderr,
    )
    return 1
