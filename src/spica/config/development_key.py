"""The secret key of a project that has none yet: made once a machine and environment, kept in tmp/.

Never used in production. It has to outlive the process, or every code reload would sign everyone out.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def development_key(root: Path, env: str) -> str:
    """Return the project's key for an environment, making it on first use.

    Args:    root: the project's folder; env: development or test.
    Returns: 64 characters from tmp/<env>_secret_key; of this process alone where that can't be written.
    """
    path = root / "tmp" / f"{env}_secret_key"
    with contextlib.suppress(OSError):
        return _read(path)
    key = secrets.token_urlsafe(48)
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(key, "ascii")
        # Two workers may start at once: a link fails where the other was first, and both then read the same key.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
        return _read(path)
    return key


def _read(path: Path) -> str:
    key = path.read_text("ascii").strip()
    if len(key) < 32:
        raise OSError(f"{path} holds no key")
    return key
