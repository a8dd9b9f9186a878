#!/bin/sh
# What judges the TLS of a server: sslyze (PyPI), in a venv of its own in ~/.cache/spica/sslyze, and Debian's testssl.sh.
set -eu
home=$HOME/.cache/spica/sslyze
if [ ! -x "$home/bin/sslyze" ]; then
    echo "conformance: installing sslyze"
    "${PYTHON:-python3}" -m venv "$home"
    "$home/bin/pip" install --quiet --disable-pip-version-check 'sslyze>=6.3,<7'
fi
if ! command -v testssl >/dev/null 2>&1 && ! command -v testssl.sh >/dev/null 2>&1; then
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends testssl.sh bsdmainutils dnsutils >/dev/null
    else
        echo "conformance: no testssl.sh: 'sudo apt-get install testssl.sh' or your system's package." >&2
        exit 1
    fi
fi
