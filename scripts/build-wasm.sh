#!/usr/bin/env bash
# Builds the contracts into the wasm that Secret Network accepts, with sizes and checksums:
#   scripts/build-wasm.sh [artifact...]        what is deployed, unless named; only what changed is built
#   scripts/build-wasm.sh leaky                the leaky builds that the tests of privacy compare with
#   scripts/build-wasm.sh secret-ai-verifier   no contract: the verifier for browsers (packages/verifier)
# <contract>-<feature> is a contract built with one cargo feature: worker-registry-host-dcap (docs/attestation.md),
# billing-leak-p1 and the like, each of which breaks one rule of docs/privacy.md on purpose.
# Writes artifacts/<artifact>.wasm, .wasm.gz (what is uploaded) and, of what is deployed, artifacts/checksums.txt.
#
#   WASM_TOOLCHAIN   auto (default), rustup or debian; see wasm-toolchain.sh
#   CARGO_FLAGS      flags of every cargo call, "--locked" by default
#   CARGO_TARGET_DIR where cargo builds ("target" by default); this script uses the folder wasm in it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh
. scripts/wasm-toolchain.sh

CONTRACTS=(worker-registry billing rewards dev-token)
DEPLOYED=("${CONTRACTS[@]}" worker-registry-host-dcap)
LEAKY=(billing-leak-p1 billing-leak-p2 billing-leak-p3 billing-leak-p4 billing-leak-p6 rewards-leak-p5)
BROWSER=(secret-ai-verifier)
TRIPLE=wasm32-unknown-unknown
OUT=artifacts
BUILD=${CARGO_TARGET_DIR:-target}/wasm
# `wasm-opt -Oz` shrinks rustc's output by a tenth and its gas by more; features newer than the MVP stay off.
WASM_OPT=(wasm-opt --mvp-features -Oz)

# The compiler's flags, in the form that no other setting of the user overrides and that allows spaces in paths:
# MVP instructions only; the chain's functions are imports (Rust >= 1.96 refuses undefined symbols otherwise);
# fiat-crypto's field arithmetic for P-384, which costs a seventh less gas than the default one;
# no source locations in panics, which the chain cannot show (4 % smaller); no path of this machine in the rest.
compiler_flags() {
    local flags=(
        -C target-cpu=mvp
        -C link-arg=--import-undefined
        --cfg "p384_backend=\"fiat\""
        -Zlocation-detail=none
        "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
        "--remap-path-prefix=$("$RUSTC_BIN" --print sysroot)=/rust"
        "--remap-path-prefix=$PWD=/src"
    )
    local IFS=$'\x1f'
    printf '%s' "${flags[*]}"
}

# fetch: the libraries of the contracts and of std, before the builds and without cargo's chatter.
fetch() {
    # shellcheck disable=SC2086  # CARGO_FLAGS is a list of words
    "$CARGO_BIN" fetch ${CARGO_FLAGS---locked} --quiet -Zbuild-std --target "$TRIPLE"
}

# contract <artifact>: prints the contract, or other package, that it is a build of.
contract() {
    local contract
    for contract in "${CONTRACTS[@]}" "${BROWSER[@]}"; do
        [[ $1- != "$contract"-* ]] || echo "$contract"
    done
}

# compile <artifact>: one library at a time, as cdylib alone; with an rlib beside it cargo drops the link-time
# optimisation, which costs a fifth in size.
compile() {
    local package feature
    package=$(contract "$1")
    feature=${1#"$package"}
    # shellcheck disable=SC2086  # CARGO_FLAGS is a list of words
    "$CARGO_BIN" rustc ${CARGO_FLAGS---locked} -Zbuild-std=std,panic_abort --release --target "$TRIPLE" \
        --target-dir "$BUILD" -p "$package" --features "${feature#-}" --lib --crate-type cdylib
}

# made <artifact>: what it was made of and what came out: digests of the compiler, its flags, the manifests and
# every file that cargo says it read, and of the two files.
made() {
    {
        "$RUSTC_BIN" --version --verbose
        printf '%s\n' "$OPTIMISER" "${WASM_OPT[*]}" "$CARGO_ENCODED_RUSTFLAGS"
        cat Cargo.toml Cargo.lock contracts/*/Cargo.toml packages/*/Cargo.toml
        sed 's/^[^:]*: //' "$BUILD/$1.d" | xargs cat
    } | sha256 -
    sha256 "$OUT/$1.wasm"
    sha256 "$OUT/$1.wasm.gz"
}

# finish <artifact>: optimises and packs what cargo built.
finish() {
    local package
    package=$(contract "$1")
    local built=$BUILD/$TRIPLE/release/${package//-/_} wasm=$OUT/$1.wasm
    if [ "$OPTIMISER" = none ]; then
        cp "$built.wasm" "$wasm.new"
    else
        "${WASM_OPT[@]}" "$built.wasm" -o "$wasm.new"
    fi
    gzip -9nc "$wasm.new" >"$wasm.gz.new"
    mv "$wasm.new" "$wasm"
    mv "$wasm.gz.new" "$wasm.gz"
    cp "$built.d" "$BUILD/$1.d"
    made "$1" >"$BUILD/$1.stamp"
}

# build <artifact>: builds it unless it is what would come out. Cargo cannot tell: all builds of a contract have one
# file name there, so that it makes each again after another.
build() {
    if [ -f "$BUILD/$1.stamp" ] && [ "$(made "$1" 2>/dev/null)" = "$(cat "$BUILD/$1.stamp")" ]; then
        return
    fi
    compile "$1"
    finish "$1"
}

# checksums: what `sha256sum -c` reads, the sizes as comments. The digest of the plain wasm is the code hash.
checksums() {
    local artifact file
    echo "# $("$RUSTC_BIN" --version), std rebuilt for the MVP; optimiser: $OPTIMISER"
    for artifact in "${DEPLOYED[@]}"; do
        for file in "$artifact.wasm" "$artifact.wasm.gz"; do
            [ -f "$OUT/$file" ] || continue
            echo "# $file: $(bytes "$OUT/$file") bytes"
            echo "$(sha256 "$OUT/$file")  $file"
        done
    done
}

# optimiser: prints the version of wasm-opt, which is installed if that can be done, or "none".
optimiser() {
    have wasm-opt || apt_install binaryen || say "no wasm-opt (Debian: binaryen): going on without, the wasm is larger and costs more gas"
    if have wasm-opt; then wasm-opt --version; else echo none; fi
}

main() {
    local chosen=("$@") artifact count=0 started
    [ $# -gt 0 ] || chosen=("${DEPLOYED[@]}")
    [ "$*" != leaky ] || chosen=("${LEAKY[@]}")
    for artifact in "${chosen[@]}"; do
        [ -n "$(contract "$artifact")" ] || die "no contract '$artifact'; there are: ${CONTRACTS[*]}"
    done

    wasm_toolchain "${WASM_TOOLCHAIN:-auto}"
    OPTIMISER=$(optimiser)
    say "wasm: $("$RUSTC_BIN" --version) at $RUSTC_BIN; optimiser: $OPTIMISER"

    # The -Z flags are unstable; RUSTC_BOOTSTRAP lets a stable compiler take them.
    export RUSTC=$RUSTC_BIN RUSTC_BOOTSTRAP=1
    CARGO_ENCODED_RUSTFLAGS=$(compiler_flags)
    export CARGO_ENCODED_RUSTFLAGS
    [ -z "$WASM_LINKER" ] || export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$WASM_LINKER

    mkdir -p "$OUT" "$BUILD"
    fetch
    for artifact in "${chosen[@]}"; do
        count=$((count + 1))
        started=$SECONDS
        say "[$count/${#chosen[@]}] $artifact"
        build "$artifact"
        say "[$count/${#chosen[@]}] $artifact: $(bytes "$OUT/$artifact.wasm") bytes," \
            "gzip $(bytes "$OUT/$artifact.wasm.gz"), $((SECONDS - started)) s"
    done
    checksums >"$OUT/checksums.txt.new"
    mv "$OUT/checksums.txt.new" "$OUT/checksums.txt"
    say "wasm: done in $SECONDS s, digests in $OUT/checksums.txt"
}

main "$@"
