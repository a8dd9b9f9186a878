#!/bin/sh
# The benchmarks load servers with wrk. Installs Debian's where root may, else says what to type.
set -eu
if command -v wrk >/dev/null 2>&1; then exit 0; fi
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wrk >/dev/null
    exit 0
fi
echo "bench: no wrk, which makes the load: 'sudo apt-get install wrk' or your system's package." >&2
exit 1
