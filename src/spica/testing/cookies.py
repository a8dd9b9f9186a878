"""The client's cookies: what a browser would keep and send back to one host."""

from __future__ import annotations

from http.cookies import Morsel, SimpleCookie


class CookieJar(dict[str, str]):
    """Cookies by name. Paths and domains are not looked at: a test talks to one application."""

    def update_from(self, set_cookies: list[str]) -> None:
        """Keep, replace or forget cookies as Set-Cookie fields say."""
        for field in set_cookies:
            parsed: SimpleCookie = SimpleCookie(field)
            for name, morsel in parsed.items():
                if _is_deletion(morsel):
                    self.pop(name, None)
                else:
                    self[name] = morsel.coded_value

    def render(self) -> str:
        """Give the Cookie field's value; "" when there is none."""
        return "; ".join(f"{name}={value}" for name, value in self.items())


def _is_deletion(morsel: Morsel[str]) -> bool:
    return morsel["max-age"] == "0" or "1970" in morsel["expires"]
