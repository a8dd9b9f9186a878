#!/bin/sh
# Compiles the core for macOS on Linux, up to where Apple's own linker and libraries would be needed: every line is checked
# for that system, none is run. `tools/darwin.sh x86_64-apple-darwin` for the other processor.
#
# Without rustup's standard library for the target, Debian's compiler is taken, which comes with the library's source to
# build it from. zig, from PyPI, has the C headers of macOS.
set -eu
cd "$(dirname "$0")/.."
target=${1:-aarch64-apple-darwin}
home=$HOME/.cache/spica/darwin
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/spica/target}/darwin"
export PYO3_CROSS_PYTHON_VERSION="${PYO3_CROSS_PYTHON_VERSION:-3.11}"
unset PYO3_PYTHON

if [ ! -x "$home/zig/bin/cargo-zigbuild" ]; then
    python3 -m venv "$home/zig"
    "$home/zig/bin/pip" install --quiet --disable-pip-version-check ziglang==0.17.0 cargo-zigbuild==0.24.0
fi
export PATH="$home/zig/bin:$PATH"
library=""
if [ ! -d "$(rustc --print sysroot)/lib/rustlib/$target" ]; then
    if [ ! -x "$home/rust/usr/bin/rustc" ]; then
        command -v apt-get >/dev/null 2>&1 || { echo "darwin: no standard library: rustup target add $target" >&2; exit 1; }
        echo "darwin: fetching Debian's Rust compiler with its library's source"
        mkdir -p "$home/debs" "$home/rust"
        depends() { apt-cache depends "$1" | sed -n "s/.*Depends: \($2[^ ]*\)$/\1/p" | head -n 1; }
        std=$(depends libstd-rust-web-dev libstd-rust-web-)
        (cd "$home/debs" && apt-get -qq -o APT::Sandbox::User=root download \
            rustc-web rust-web-src libstd-rust-web-dev "$std" "$(depends "$std" libllvm)")
        for package in "$home"/debs/*.deb; do dpkg -x "$package" "$home/rust"; done
        rm -r "$home/debs"
    fi
    export RUSTC="$home/rust/usr/bin/rustc" RUSTC_BOOTSTRAP=1
    LD_LIBRARY_PATH=$(dirname "$(find "$home/rust/usr/lib" -name 'librustc_driver-*.so')")
    export LD_LIBRARY_PATH
    library=-Zbuild-std
fi
# shellcheck disable=SC2086 # nothing, or one word
cargo-zigbuild check --quiet $library -p spica-python --target "$target"
echo "darwin: the core compiles for $target"
