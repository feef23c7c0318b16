#!/usr/bin/env bash
# Builds the contracts into the wasm that Secret Network accepts, with sizes and checksums:
#   scripts/build-wasm.sh [contract...]        all unless named; only what changed is built
# worker-registry-host-dcap is the worker registry built with the feature host-dcap (docs/attestation.md).
# Writes artifacts/<contract>.wasm, .wasm.gz (what is uploaded) and artifacts/checksums.txt.
#
#   WASM_TOOLCHAIN   auto (default), rustup or debian; see wasm-toolchain.sh
#   CARGO_FLAGS      flags of every cargo call, "--locked" by default
#   CARGO_TARGET_DIR where cargo builds ("target" by default); this script uses the folder wasm in it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh
. scripts/wasm-toolchain.sh

CONTRACTS=(worker-registry billing rewards dev-token worker-registry-host-dcap)
HOST_DCAP=-host-dcap
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

# compile <contract>: one library at a time, as cdylib alone; with an rlib beside it cargo drops the link-time
# optimisation, which costs a fifth in size.
compile() {
    local features=
    [ "$1" = "${1%"$HOST_DCAP"}" ] || features=host-dcap
    # shellcheck disable=SC2086  # CARGO_FLAGS is a list of words
    "$CARGO_BIN" rustc ${CARGO_FLAGS---locked} -Zbuild-std=std,panic_abort --release --target "$TRIPLE" \
        --target-dir "$BUILD" -p "${1%"$HOST_DCAP"}" --features "$features" --lib --crate-type cdylib
}

# finish <contract>: optimises and packs what cargo built, unless that was done already.
finish() {
    local package=${1%"$HOST_DCAP"}
    local built=$BUILD/$TRIPLE/release/${package//-/_}.wasm wasm=$OUT/$1.wasm stamp=$BUILD/$1.stamp
    local made
    made="$(sha256 "$built") $OPTIMISER"
    if [ -f "$stamp" ] && [ -f "$wasm" ] && [ -f "$wasm.gz" ] &&
        [ "$(cat "$stamp")" = "$made $(sha256 "$wasm") $(sha256 "$wasm.gz")" ]; then
        return
    fi
    if [ "$OPTIMISER" = none ]; then
        cp "$built" "$wasm.new"
    else
        "${WASM_OPT[@]}" "$built" -o "$wasm.new"
    fi
    gzip -9nc "$wasm.new" >"$wasm.gz.new"
    mv "$wasm.new" "$wasm"
    mv "$wasm.gz.new" "$wasm.gz"
    echo "$made $(sha256 "$wasm") $(sha256 "$wasm.gz")" >"$stamp"
}

# checksums: what `sha256sum -c` reads, the sizes as comments. The digest of the plain wasm is the code hash.
checksums() {
    local contract file
    echo "# $("$RUSTC_BIN" --version), std rebuilt for the MVP; optimiser: $OPTIMISER"
    for contract in "${CONTRACTS[@]}"; do
        for file in "$contract.wasm" "$contract.wasm.gz"; do
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
    local chosen=("$@") contract count=0 started
    [ $# -gt 0 ] || chosen=("${CONTRACTS[@]}")
    for contract in "${chosen[@]}"; do
        [[ " ${CONTRACTS[*]} " = *" $contract "* ]] || die "no contract '$contract'; there are: ${CONTRACTS[*]}"
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
    for contract in "${chosen[@]}"; do
        count=$((count + 1))
        started=$SECONDS
        say "[$count/${#chosen[@]}] $contract"
        compile "$contract"
        finish "$contract"
        say "[$count/${#chosen[@]}] $contract: $(bytes "$OUT/$contract.wasm") bytes," \
            "gzip $(bytes "$OUT/$contract.wasm.gz"), $((SECONDS - started)) s"
    done
    checksums >"$OUT/checksums.txt.new"
    mv "$OUT/checksums.txt.new" "$OUT/checksums.txt"
    say "wasm: done in $SECONDS s, digests in $OUT/checksums.txt"
}

main "$@"
