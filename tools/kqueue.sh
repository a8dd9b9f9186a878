#!/bin/sh
# Runs what macOS and FreeBSD run, on Linux: the core with the feature `kqueue` (kqueue over a stand-in, portable calls in
# place of Linux's own), its tests and the Python suites that speak to it over sockets.
# `tools/kqueue.sh short` runs the tests of the two modules that differ, and nothing of Python.
set -eu
cd "$(dirname "$0")/.."
if [ "$(uname)" != Linux ]; then
    echo "kqueue: this system has a kqueue of its own: make test uses it." >&2
    exit 0
fi
features="-p spica-kqueue-standin -p spica-server --features spica-server/kqueue"
# shellcheck disable=SC2086 # lists of words, here and below
if [ "${1:-}" = short ]; then
    exec cargo test --quiet --profile checked $features --lib
fi
echo "kqueue: the reactor's tests"
# shellcheck disable=SC2086
cargo clippy --quiet --profile checked $features --all-targets -- -D warnings
# shellcheck disable=SC2086
cargo test --quiet --profile checked $features
cargo build --quiet --profile checked -p spica-python --features kqueue

# The package with that core in place of the usual one, for this run only.
target=${CARGO_TARGET_DIR:-$HOME/.cache/spica/target}
extension=$(python -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
package=$(mktemp -d)
trap 'rm -rf "$package"' EXIT
cp -R src/spica "$package/spica"
rm -f "$package"/spica/_core.*.so
cp "$target/checked/lib_core.so" "$package/spica/_core$extension"
export PYTHONPATH="$package"
python -c 'import spica._core as core; assert core.POLLER == "kqueue", core.POLLER'
pytest -n 2 --dist loadgroup -rs ${SUITES:-tests/integration tests/unit/server tests/conformance/http1}
