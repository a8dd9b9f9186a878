"""The Autobahn testsuite against the echo route: RFC 6455 and permessage-deflate (RFC 7692).

Rules: every case must be OK, non-strict or informational; the short form leaves out limits and compression, the cases
that take minutes. SPICA_CONFORMANCE=long runs them all.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.conformance.features import speaks_websocket, tool

FOR_LATER = ["9.*", "12.*", "13.*"]
RIGHT = {"OK", "NON-STRICT", "INFORMATIONAL"}
IS_LONG = os.environ.get("SPICA_CONFORMANCE") == "long"


@pytest.mark.timeout(1800)
def test_autobahn_finds_nothing(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = os.environ.get("SPICA_CONFORMANCE_WS_URL")
    if url is None:
        port = request.getfixturevalue("port")
        if not speaks_websocket(port):
            pytest.skip("the server does not speak WebSocket yet")
        url = f"ws://127.0.0.1:{port}/echo"
    wstest = tool("wstest")
    if wstest is None:
        pytest.skip("the Autobahn testsuite is not installed: sh tools/autobahn.sh")
    plan = {
        "outdir": "reports",
        "servers": [{"agent": "spica", "url": url}],
        "cases": ["*"],
        "exclude-cases": [] if IS_LONG else FOR_LATER,
        "exclude-agent-cases": {},
    }
    (tmp_path / "fuzzingclient.json").write_text(json.dumps(plan))
    subprocess.run([wstest, tmp_path], check=True, capture_output=True, timeout=1700)
    results = json.loads((tmp_path / "reports" / "index.json").read_text())["spica"]
    assert len(results) > 200
    wrong = {
        case: (result["behavior"], result["behaviorClose"])
        for case, result in results.items()
        if not {result["behavior"], result["behaviorClose"]} <= RIGHT
    }
    assert wrong == {}
