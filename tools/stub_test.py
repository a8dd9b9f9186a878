"""Compares src/spica/_core.pyi with the built module, with mypy's stubtest."""

import subprocess
import sys
from pathlib import Path

root = Path(__file__).parent.parent
command = [sys.executable, "-m", "mypy.stubtest", "spica._core", "--mypy-config-file", str(root / "pyproject.toml")]
raise SystemExit(subprocess.run(command, cwd=root, check=False).returncode)
