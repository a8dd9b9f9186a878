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
