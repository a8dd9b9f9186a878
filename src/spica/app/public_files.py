"""Public files: what lies in `public/` answers GET and HEAD where no route does.

Rules of this file:
- A path is looked up segment by segment as text; `.`, `..`, hidden names, backslashes, colons and control bytes name
  nothing. The file's real path must lie in the folder's, so that a symbolic link can't lead out.
- Only regular files are served; a folder is served by its index.html.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from spica.http.response import Response

_WELL_KNOWN = ".well-known"  # RFC 8615: the one hidden name that is meant to be public


class PublicFiles:
    """Answers paths with files of a folder.

    Args:    folder: need not exist; cache_s: seconds that browsers may keep a file without asking, 0 to ask each time.
    """

    def __init__(self, folder: Path, *, cache_s: int = 0) -> None:
        self._folder = os.path.realpath(folder)
        self._cache = f"public, max-age={cache_s}" if cache_s else "no-cache"

    def find(self, path: str) -> Response | None:
        """Find the file that a decoded request path names.

        Returns: the response that sends it, None when there is no such file.
        """
        file = self._locate(path)
        if file is None:
            return None
        response: Response = Response.file(file)
        response.set_header("cache-control", self._cache)
        return response

    def _locate(self, path: str) -> str | None:
        segments = path.strip("/").split("/")
        if not all(_is_public(segment) for segment in segments if segment):
            return None
        if path.endswith("/"):
            segments.append("index.html")
        file = os.path.realpath(os.path.join(self._folder, *segments))
        if not file.startswith(self._folder + os.sep):
            return None
        try:
            return file if stat.S_ISREG(os.stat(file).st_mode) else None
        except (OSError, ValueError):
            return None


def _is_public(segment: str) -> bool:
    if segment.startswith(".") and segment != _WELL_KNOWN:
        return False
    return not any(character in "\\:" or ord(character) < 32 or ord(character) == 127 for character in segment)
