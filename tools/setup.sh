#!/bin/sh
# Makes .venv with Spica's dependencies and the Rust core built into it. A second run takes seconds.
# Says in one sentence what is missing and how to get it.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "make setup: $1" >&2
    exit 1
}

python=${PYTHON:-python3}
command -v "$python" >/dev/null 2>&1 || fail "no $python: install Python 3.11 or later (Debian: apt-get install python3 python3-venv), or name one with PYTHON=/path/to/python3."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$python is $("$python" -V 2>&1), and Spica needs 3.11 or later: name another one with make setup PYTHON=python3.12."
command -v cargo >/dev/null 2>&1 || fail "no Rust toolchain: install one with 'curl https://sh.rustup.rs -sSf | sh' or your system's package 'cargo' (1.85 or later)."
cargo_minor=$(cargo --version | sed -E 's/^cargo 1\.([0-9]+).*/\1/')
[ "$cargo_minor" -ge 85 ] || fail "$(cargo --version) is too old: Spica needs Rust 1.85 or later, 'rustup update' brings it."
command -v cc >/dev/null 2>&1 || fail "no C compiler: install one (Debian: apt-get install gcc libc6-dev)."

version=$("$python" -c 'import sys; print(sys.version, sys.prefix)')
if [ ! -x .venv/bin/python ] || [ "$(cat .venv/.made-with 2>/dev/null)" != "$version" ]; then
    echo "setup: making .venv with $("$python" -V)"
    "$python" -m venv --clear .venv || fail "$python can't make a virtual environment: Debian has that in the package python3-venv."
    echo "$version" >.venv/.made-with
fi

wanted=$(cksum pyproject.toml tools/setup.sh)
if [ "$(cat .venv/.dependencies 2>/dev/null)" != "$wanted" ]; then
    echo "setup: installing the dependencies of pyproject.toml"
    .venv/bin/python tools/requirements.py >.venv/requirements.txt
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r .venv/requirements.txt ||
        fail "pip could not install the dependencies: see its message above."
    echo "$wanted" >.venv/.dependencies
fi

# Everything that the built module depends on; its checksum says whether it must be built again.
sources=$(find core Cargo.toml Cargo.lock -type f -not -path '*/tests/*' 2>/dev/null | LC_ALL=C sort | xargs cksum | cksum)
if [ "$(cat .venv/.core 2>/dev/null)" != "$sources" ] || ! .venv/bin/python -c 'import spica._core' 2>/dev/null; then
    echo "setup: building the Rust core (about two minutes the first time)"
    if ! .venv/bin/maturin develop --release >.venv/core.log 2>&1; then
        tail -n 40 .venv/core.log >&2
        fail "the Rust core did not build: see the compiler's message above (all of it is in .venv/core.log)."
    fi
    sources=$(find core Cargo.toml Cargo.lock -type f -not -path '*/tests/*' | LC_ALL=C sort | xargs cksum | cksum)
    echo "$sources" >.venv/.core
fi
# Scripts and styles that Spica serves; without npm everything but the pages at /api/docs works.
.venv/bin/python tools/assets.py || echo "setup: going on without them" >&2
echo "setup: ready ($(.venv/bin/python -V), $(cargo --version))"
