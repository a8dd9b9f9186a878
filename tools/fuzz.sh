#!/bin/sh
# Builds the fuzz targets with the stable compiler and runs each for FUZZ_SECONDS (5). Arguments name the targets to run.
#
# No cargo-fuzz: what it asks of nightly is the address sanitizer, and the crates under test have no unsafe code. LLVM's
# coverage pass, which guides the fuzzer, is reached by -C options. --target keeps it out of build scripts.
set -eu
cd "$(dirname "$0")/../fuzz"

seconds=${FUZZ_SECONDS:-5}
host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/spica/target}/fuzz"
command -v c++ >/dev/null 2>&1 || {
    echo "fuzz: no C++ compiler, which libFuzzer needs: install one (Debian: apt-get install g++)." >&2
    exit 1
}
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
coverage="$coverage -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
RUSTFLAGS="$coverage -Clink-dead-code -Ccodegen-units=1 --cfg fuzzing" \
    cargo build --quiet --release --locked --target "$host"

targets=${*:-$(ls targets | sed 's/\.rs$//')}
for target in $targets; do
    # New inputs go to the cache; the seeds in the repository stay as they are.
    found="$CARGO_TARGET_DIR/corpus/$target"
    mkdir -p "$found" artifacts
    echo "fuzz: $target for $seconds s"
    "$CARGO_TARGET_DIR/$host/release/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=8192 \
        -print_final_stats=1 -verbosity=0 -artifact_prefix=artifacts/ "$found" "corpus/$target" 2>"$found.log" || {
        tail -n 40 "$found.log" >&2
        echo "fuzz: $target FAILED; run it again: $CARGO_TARGET_DIR/$host/release/$target fuzz/artifacts/<file>" >&2
        exit 1
    }
    sed -n 's/^stat::number_of_executed_units: */fuzz: runs /p' "$found.log"
done
