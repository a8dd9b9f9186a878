"""Where the suite keeps its things."""

from pathlib import Path

SUITE = Path(__file__).parent
ROOT = SUITE.parent

BUILD = SUITE / "build"
RESULTS = SUITE / "results"
BASELINE = SUITE / "baseline.json"
REQUIREMENTS = SUITE / "requirements.txt"
REQUIREMENTS_ALONE = SUITE / "requirements-alone.txt"
PROBES = SUITE / "probes"
PEERS = SUITE / "peers"
LIMIT_SOURCE = SUITE / "limit" / "limit.c"
LIMIT = BUILD / "limit"
FANOUT_LIMIT_SOURCE = SUITE / "limit" / "limit_fanout.c"
FANOUT_LIMIT = BUILD / "limit_fanout"
FANOUT_SOURCE = SUITE / "fanout" / "fanout.c"
FANOUT = BUILD / "fanout"
SITE = BUILD / "site"
CERTIFICATE = BUILD / "tls.pem"
KEY = BUILD / "tls.key"
LOAD_SCRIPT = SUITE / "load.lua"

VENV = ROOT / ".venv"
PEERS_VENV = ROOT / ".venv-bench"
