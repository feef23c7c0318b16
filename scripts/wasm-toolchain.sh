# shellcheck shell=bash
# Sourced by build-wasm.sh: finds, or installs, a Rust toolchain that has the source of std.
#
# The chain takes only WebAssembly MVP, and the std that rustup ships uses newer instructions, so std is
# rebuilt from source. Two toolchains can do that:
#   rustup   any toolchain with the component rust-src;
#   debian   Debian 12's cargo-web, rust-web-src and lld-19, for machines that cannot reach rustup's server.
# wasm_toolchain sets RUSTC_BIN and CARGO_BIN, and WASM_LINKER where the toolchain brings no linker.

DEBIAN_PACKAGES=(cargo-web rust-web-src lld-19)
RUSTUP_SECONDS=60

# has_std_source <rustc>
has_std_source() { [ -f "$("$1" --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library/Cargo.lock" ]; }

# rustup_ready: rustup's active toolchain is there, new enough and has its source.
rustup_ready() {
    have rustup && RUSTC_BIN=$(rustup which rustc 2>/dev/null) && CARGO_BIN=$(rustup which cargo 2>/dev/null) &&
        at_least "$(rust_version "$RUSTC_BIN")" "$MIN_RUST" && has_std_source "$RUSTC_BIN" && WASM_LINKER=
}

# rustup_install: adds rust-src to rustup's active toolchain.
rustup_install() {
    have rustup || return 1
    say "adding rust-src with rustup (at most $RUSTUP_SECONDS s)"
    limited "$RUSTUP_SECONDS" rustup component add rust-src >/dev/null 2>&1 || {
        say "rustup could not add rust-src: server out of reach, or a toolchain that is not rustup's"
        return 1
    }
}

# debian_ready: Debian's own rustc is there, new enough, with its source and LLVM's wasm linker.
debian_ready() {
    RUSTC_BIN=/usr/bin/rustc CARGO_BIN=/usr/bin/cargo WASM_LINKER=wasm-ld-19
    [ -x "$RUSTC_BIN" ] && [ -x "$CARGO_BIN" ] && have "$WASM_LINKER" &&
        at_least "$(rust_version "$RUSTC_BIN")" "$MIN_RUST" && has_std_source "$RUSTC_BIN"
}

debian_install() { apt_install "${DEBIAN_PACKAGES[@]}"; }

# wasm_toolchain <auto|rustup|debian>: what is installed already is used before anything is installed.
wasm_toolchain() {
    local kinds kind
    case $1 in
        auto) kinds="rustup debian" ;;
        rustup | debian) kinds=$1 ;;
        *) die "WASM_TOOLCHAIN is '$1'; it must be auto, rustup or debian" ;;
    esac
    for kind in $kinds; do "${kind}_ready" && return; done
    for kind in $kinds; do "${kind}_install" && "${kind}_ready" && return; done
    die "no Rust >= $MIN_RUST with the source of std, which contracts need. Either of these gives it:
  rustup component add rust-src
  apt-get install ${DEBIAN_PACKAGES[*]}      (as root, Debian 12)"
}
