#!/bin/sh
# The benchmarks load HTTP/2 servers with h2load. Installs Debian's where root may, else says what to type and goes on:
# without it the suite leaves HTTP/2 out.
set -eu
if command -v h2load >/dev/null 2>&1; then exit 0; fi
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nghttp2-client >/dev/null
    exit 0
fi
echo "bench: no h2load, so HTTP/2 is not measured: 'sudo apt-get install nghttp2-client' or your system's package." >&2
