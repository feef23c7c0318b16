#!/usr/bin/env bash
# Checks what native builds need on a fresh machine; installs what is missing where that can be done.
#   scripts/setup.sh          C compiler (it links), make, gzip, Rust
#   scripts/setup.sh lint     rustfmt and clippy as well
# build-wasm.sh sees to the contracts' own tool chain. Silent when there is nothing to do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

# debian_tools: each tool and the Debian package that brings it.
debian_tools() {
    local missing=()
    have cc || missing+=(gcc libc6-dev)
    have make || missing+=(make)
    have gzip || missing+=(gzip)
    [ ${#missing[@]} -eq 0 ] || apt_install "${missing[@]}" ||
        die "missing: ${missing[*]}; install them, on Debian: apt-get install ${missing[*]}"
}

# rust: new enough; on Debian without rustup its own package will do.
rust() {
    have cargo || apt_install cargo-web ||
        die "no cargo: install Rust >= $MIN_RUST with rustup, or on Debian 12: apt-get install cargo-web"
    local version
    version=$(rust_version rustc)
    at_least "$version" "$MIN_RUST" ||
        die "rustc is ${version:-absent} and must be >= $MIN_RUST; with rustup: rustup update stable"
}

# lint_tools: rustup's components; Debian has them in packages of their own.
lint_tools() {
    cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 && return
    say "adding rustfmt and clippy"
    if have rustup; then
        limited 120 rustup component add rustfmt clippy >/dev/null 2>&1 ||
            die "rustup could not add them; when its server is in reach: rustup component add rustfmt clippy"
    else
        die "cargo fmt and cargo clippy are missing; rustup brings them: rustup component add rustfmt clippy"
    fi
}

debian_tools
rust
[ "${1:-}" != lint ] || lint_tools
