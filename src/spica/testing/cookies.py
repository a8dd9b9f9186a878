"""The client's cookies: what a browser would keep and send back to one host.

Rules: a cookie is forgotten when it expires, by the clock that tests move; it goes to its path and below. Two
cookies of one name replace each other, whatever their paths, and Secure ones are sent: a test speaks to one
application, in clear.
"""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from http.cookies import Morsel, SimpleCookie


class CookieJar(dict[str, str]):
    """Cookies by name; one that is put in by hand has no end and goes everywhere."""

    def __init__(self) -> None:
        super().__init__()
        self._limits: dict[str, tuple[float | None, str]] = {}  # when it ends, and its path

    def update_from(self, set_cookies: list[str]) -> None:
        """Keep, replace or forget cookies as Set-Cookie fields say."""
        for field in set_cookies:
            parsed: SimpleCookie = SimpleCookie(field)
            for name, morsel in parsed.items():
                self._limits.pop(name, None)
                if is_deletion(morsel):
                    self.pop(name, None)
                else:
                    self[name] = morsel.coded_value
                    self._limits[name] = _end_of(morsel), morsel["path"] or "/"

    def render(self, path: str = "/", **extra: str) -> str:
        """Give the Cookie field's value for a path; "" when there is none. `extra` goes with this request alone."""
        now = time.time()
        for name in [name for name, (end, _) in self._limits.items() if end is not None and end <= now]:
            del self._limits[name]
            self.pop(name, None)
        kept = {name: value for name, value in self.items() if _reaches(self._limits.get(name), path)}
        return "; ".join(f"{name}={value}" for name, value in (kept | extra).items())


def is_deletion(morsel: Morsel[str]) -> bool:
    """Whether a Set-Cookie deletes its cookie."""
    end = _end_of(morsel)
    return end is not None and end <= time.time()


def _end_of(morsel: Morsel[str]) -> float | None:
    if morsel["max-age"]:
        seconds = int(morsel["max-age"])
        return time.time() + seconds if seconds > 0 else 0.0
    try:
        return parsedate_to_datetime(morsel["expires"]).timestamp() if morsel["expires"] else None
    except ValueError:
        return None


def _reaches(limits: tuple[float | None, str] | None, path: str) -> bool:
    """Whether a cookie goes to a path (RFC 6265 section 5.1.4)."""
    if limits is None or limits[1] in ("/", path):
        return True
    return path.startswith(limits[1] if limits[1].endswith("/") else limits[1] + "/")
