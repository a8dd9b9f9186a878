"""The default TLS settings judged by scanners: no weaker than Mozilla's intermediate configuration (promise 14).

Rules: what a scanner says about the certificate is about the one that the test made, and is left out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.conformance.features import tool

HARMLESS = {"OK", "INFO", "LOW"}
# `cert…`, `DNS_…` and `OCSP_…` are about the certificate; engine_problem is about the scanner's own OpenSSL.
NOT_THE_SERVER = re.compile(r"cert|DNS_|OCSP_|engine_problem|scanTime")
IS_LONG = os.environ.get("SPICA_CONFORMANCE") == "long"


@pytest.fixture(scope="module")
def target(request: pytest.FixtureRequest) -> str:
    given = os.environ.get("SPICA_CONFORMANCE_TLS_PORT")
    return f"127.0.0.1:{given or request.getfixturevalue('tls_port')}"


def test_sslyze_finds_the_intermediate_configuration(target: str) -> None:
    sslyze = tool("sslyze")
    if sslyze is None:
        pytest.skip("sslyze is not installed: sh tools/tls_scanners.sh")
    command = [sslyze, "--mozilla_config", "intermediate", target]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
    assert "COMPLIANCE AGAINST TLS CONFIGURATION" in said, said
    verdict = said.partition("COMPLIANCE AGAINST TLS CONFIGURATION")[2]
    deviations = re.findall(r"^\s+\* (.*)$", verdict, re.MULTILINE)
    assert [text for text in deviations if not text.startswith("certificate_path_validation")] == []
    assert deviations or " OK - Compliant" in verdict, verdict


@pytest.mark.timeout(900)
def test_testssl_finds_nothing_to_mend(target: str, tmp_path: Path) -> None:
    testssl = tool("testssl") or tool("testssl.sh")
    if testssl is None:
        pytest.skip("testssl.sh is not installed: sh tools/tls_scanners.sh")
    report = tmp_path / "report.json"
    parts = ["-p", "-s", "-f", "-S", "-U"] if IS_LONG else ["-p", "-s"]
    command = [testssl, "--quiet", "--color", "0", "--jsonfile", report, *parts, target]
    subprocess.run(command, capture_output=True, timeout=800, check=False)
    findings = [finding for finding in json.loads(report.read_text()) if not NOT_THE_SERVER.match(finding["id"])]
    assert {"TLS1_2", "TLS1_3", "cipherlist_STRONG"} <= {finding["id"] for finding in findings}
    worse = {
        finding["id"]: (finding["severity"], finding["finding"])
        for finding in findings
        if finding["severity"] not in HARMLESS
    }
    assert worse == {}
