from __future__ import annotations

import pytest

from tests.unit.checks.conftest import Check


def middleware(used: str) -> dict[str, str]:
    return {"config/middleware.py": f"from spica import middleware as m\ndef draw(p):\n    p.use({used})\n"}


@pytest.mark.parametrize(
    "used",
    [
        "m.Session(secure=False)",
        'm.Cors("*")',
        'm.Cors(origins=["*"])',
        'm.Cors(origins=["http://shop.example"])',
        "m.ContentSecurityPolicy(script_src=[\"'unsafe-inline'\"])",
        "m.SecurityHeaders(content_security_policy=None)",
    ],
)
def test_a_weak_setting_is_told(check: Check, used: str) -> None:
    (found,) = check("production", middleware(used))
    assert (found.place, found.severity) == ("config/middleware.py:3", "warning")


@pytest.mark.parametrize(
    "used",
    [
        "m.Session",
        'm.Cors(origins=["https://shop.example", "http://localhost:5173"])',
        "m.ContentSecurityPolicy(style_src=[\"'unsafe-inline'\"])",
        'm.Cors(origins=["*"]), when="development"',
        "m.SecurityHeaders(hsts=None)",
    ],
)
def test_what_is_fine_or_not_for_production_has_no_findings(check: Check, used: str) -> None:
    assert check("production", middleware(used)) == []


ROUTES = 'from spica import Socket\nclass Live(Socket): ...\ndef draw(r):\n    r.socket("/live", Live{})\n'


def test_a_socket_for_pages_of_any_site(check: Check) -> None:
    (found,) = check("production", {"config/routes.py": ROUTES.format(', origins="*"')})
    assert (found.place, found.what) == ("config/routes.py:4", "pages of any site may connect to this socket")
    for options in ("", ', origins=["https://shop.example"]'):
        assert check("production", {"config/routes.py": ROUTES.format(options)}) == []
