#!/bin/sh
# The benchmarks compare files, TLS and HTTP/2 with nginx. Installs Debian's where root may, without starting it, else says
# what to type and goes on: without it the suite leaves nginx out.
set -eu
if command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ]; then exit 0; fi
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    apt-get update -qq
    # A service that is masked is not started by its package.
    if command -v systemctl >/dev/null 2>&1; then systemctl mask --runtime nginx.service >/dev/null 2>&1 || true; fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light >/dev/null
    if command -v systemctl >/dev/null 2>&1; then systemctl unmask --runtime nginx.service >/dev/null 2>&1 || true; fi
    exit 0
fi
echo "bench: no nginx to compare with: 'sudo apt-get install nginx-light' or your system's package." >&2
