"""The Autobahn testsuite against the echo route: RFC 6455 and permessage-deflate (RFC 7692).

Rules: every case must be OK, non-strict or informational; the short form leaves out limits and compression, the cases
that take minutes. SPICA_CONFORMANCE=long runs them all, one group after the other.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.conformance.features import speaks_websocket, tool

# The cases of a group, and how many there are. Those behind the first are for the long form.
GROUPS = {
    "frames": (["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"], 247),
    "limits": (["9.*"], 54),
    **{f"compression-{group}": ([f"12.{group}.*"], 18) for group in range(1, 6)},
    **{f"agreement-{group}": ([f"13.{group}.*"], 18) for group in range(1, 8)},
}
RIGHT = {"OK", "NON-STRICT", "INFORMATIONAL"}
IS_LONG = os.environ.get("SPICA_CONFORMANCE") == "long"


@pytest.mark.timeout(1800)
@pytest.mark.xdist_group("autobahn")
@pytest.mark.parametrize("group", GROUPS)
def test_autobahn_finds_nothing(group: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if group != "frames" and not IS_LONG:
        pytest.skip("takes minutes: SPICA_CONFORMANCE=long")
    url = os.environ.get("SPICA_CONFORMANCE_WS_URL")
    if url is None:
        port = request.getfixturevalue("port")
        if not speaks_websocket(port):
            pytest.skip("the server does not speak WebSocket yet")
        url = f"ws://127.0.0.1:{port}/echo"
    wstest = tool("wstest")
    if wstest is None:
        pytest.skip("the Autobahn testsuite is not installed: sh tools/autobahn.sh")
    cases, count = GROUPS[group]
    plan = {
        "outdir": "reports",
        "servers": [{"agent": "spica", "url": url}],
        "cases": cases,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    }
    (tmp_path / "fuzzingclient.json").write_text(json.dumps(plan))
    subprocess.run([wstest, tmp_path], check=True, capture_output=True, timeout=1700)
    results = json.loads((tmp_path / "reports" / "index.json").read_text())["spica"]
    assert len(results) == count
    wrong = {
        case: (result["behavior"], result["behaviorClose"])
        for case, result in results.items()
        if not {result["behavior"], result["behaviorClose"]} <= RIGHT
    }
    assert wrong == {}
