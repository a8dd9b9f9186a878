"""pip-audit's JSON, and what is ignored of it."""

from __future__ import annotations

import json

import pytest

from spica.audit.advisories import Advisory, Package, ignore, parse_answer

JOSE = {
    "name": "python-jose",
    "version": "3.3.0",
    "vulns": [
        {
            "id": "PYSEC-2024-232",
            "fix_versions": ["3.4.0"],
            "aliases": ["GHSA-6c5p-j8vq-pqhj", "CVE-2024-33663"],
            "description": "python-jose through 3.3.0 has  algorithm confusion\nwith OpenSSH ECDSA keys",
        }
    ],
}
PIP = {"name": "pip", "version": "26.1", "vulns": []}


def answer(*dependencies: object) -> bytes:
    return json.dumps({"dependencies": dependencies, "fixes": []}).encode()


def test_an_advisory_is_shown_by_its_cve_and_led_to_where_osv_has_it() -> None:
    pip, jose = parse_answer(answer(JOSE, PIP))
    (advisory,) = jose.advisories
    assert pip == Package("pip", "26.1")
    assert advisory.names == ("CVE-2024-33663", "GHSA-6c5p-j8vq-pqhj", "PYSEC-2024-232")
    assert advisory.about == "python-jose through 3.3.0 has algorithm confusion with OpenSSH ECDSA keys"
    assert advisory.url == "https://osv.dev/vulnerability/GHSA-6c5p-j8vq-pqhj"
    assert Advisory(("CVE-1",), "", ()).url == "https://osv.dev/vulnerability/CVE-1"


def test_a_package_that_was_not_looked_up_is_kept_with_the_reason_and_its_version() -> None:
    pytest_version = pytest.__version__
    found = parse_answer(answer(PIP, {"name": "pytest", "skip_reason": "not found"}, {"name": "no-such-package"}))
    assert found[0] == Package("no-such-package", "", unknown="no reason given")
    assert found[2] == Package("pytest", pytest_version, unknown="not found")


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"<html>", answer(), answer({"name": "pip", "skip_reason": "404"}), b'{"dependencies": [1]}'],
)
def test_what_is_no_answer_about_packages_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_answer(content)


def test_any_name_of_an_advisory_ignores_it_and_one_that_nothing_has_is_told() -> None:
    packages = parse_answer(answer(JOSE, PIP))
    for name in ("CVE-2024-33663", "ghsa-6c5p-j8vq-pqhj", "PYSEC-2024-232"):
        lookup = ignore(packages, [name, "CVE-2000-1"], ["a note"])
        assert (lookup.vulnerable, lookup.ignored, lookup.needless) == ([], (name,), ("CVE-2000-1",))
        assert (len(lookup.packages), lookup.notes) == (2, ("a note",))
    assert [one.name for one in ignore(packages, []).vulnerable] == ["python-jose"]


def test_one_of_two_advisories_may_be_ignored() -> None:
    package = Package("a", "1.0", (Advisory(("CVE-1", "GHSA-1"), "", ()), Advisory(("CVE-2",), "", ())))
    (left,) = ignore([package], ["GHSA-1"]).vulnerable
    assert [one.name for one in left.advisories] == ["CVE-2"]
