"""secret-files: keys that git has, or would take, and secrets that are written out in config/*.toml."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from spica.checks.finding import Found
from spica.checks.project import Project
from spica.config.source import Source, read_source
from spica.telemetry.redaction import is_secret

_PATTERNS = ("config/**/*.key", "config/**/*.draft", "tmp/*_secret_key", ".env", ".env.*")
_HARMLESS = (".env.example", ".env.sample", ".env.template")
_TIMEOUT_S = 5


def find(project: Project) -> Iterator[Found]:
    """Ask git about key files, and look for secrets written out in config/*.toml."""
    yield from _written_out(project)
    files = sorted({path.relative_to(project.root).as_posix() for path in _key_files(project.root)})
    if not files or shutil.which("git") is None or _git(project.root, "rev-parse", "--git-dir") is None:
        return
    tracked = set((_git(project.root, "ls-files", "--", *files) or "").splitlines())
    ignored = set((_git(project.root, "check-ignore", "--no-index", "--", *files) or "").splitlines())
    for file in files:
        if file in tracked:
            fix = f"git rm --cached {file}, ignore it, and make a new key: spica secrets rotate"
            yield Found(file, 0, f"git has {file}", "who has the repository has every secret", fix)
        elif file not in ignored:
            yield Found(
                file, 0, f"git does not ignore {file}", "the next commit may take it", f"add /{file} to .gitignore"
            )


def _key_files(root: Path) -> list[Path]:
    return [
        path for pattern in _PATTERNS for path in root.glob(pattern) if path.is_file() and path.name not in _HARMLESS
    ]


def _git(root: Path, *arguments: str) -> str | None:
    """What git says; None when it fails. Its exit code 1 of check-ignore only means "none of them"."""
    try:
        done = subprocess.run(  # noqa: S603 - git, with the names of files after `--`
            ["git", "-C", str(root), *arguments],  # noqa: S607 - the git of the user's own PATH
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode in (0, 1) else None


def _written_out(project: Project) -> Iterator[Found]:
    for path in sorted((project.root / "config").glob("*.toml")):
        source = read_source(path, project.root)
        if isinstance(source, Source):
            yield from _in_table(source, source.tables, ())


def _in_table(source: Source, table: dict[str, object], path: tuple[str, ...]) -> Iterator[Found]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _in_table(source, value, (*path, key))
        elif isinstance(value, str) and value and "${" not in value and _is_secret_value(key, value):
            file, _, line = source.where(*path, key).partition(":")
            yield Found(
                file,
                int(line or 0),
                f"{key} is written out",
                "who has the repository has it",
                f'put it into the encrypted file: "${{secrets.{key}}}", or the environment: "${{{key.upper()}}}"',
            )


def _is_secret_value(key: str, value: str) -> bool:
    """Whether a key names a secret and its value looks like one: a path to a key, as of TLS, is none."""
    if "/" in value and not re.search(r"://[^/@\s]+:[^/@\s]+@", value):
        return False
    return is_secret(key) or bool(re.search(r"://[^/@\s]+:[^/@\s]+@", value))
