#!/usr/bin/env bash
# Fuzzes every parser that takes bytes from outside (fuzz/), starting from minted evidence:
#   scripts/fuzz.sh [target...]        all targets unless named; `scripts/fuzz.sh list` names them
# Ends with an error if any input crashes, hangs or eats memory; such inputs stay in fuzz/artifacts/.
#
#   FUZZ_SECONDS     how long each target runs, 15 by default
#   FUZZ_TOOLCHAIN   compiler, "nightly" by default: the coverage that guides the fuzzer needs one
#   CARGO_TARGET_DIR where cargo builds ("fuzz/target" by default)
#
# cargo-fuzz is installed into .dev/tools, a missing nightly by rustup into its own home.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

CARGO_FUZZ_VERSION=0.13.2
SECONDS_EACH=${FUZZ_SECONDS:-15}
TOOLCHAIN=${FUZZ_TOOLCHAIN:-nightly}
TOOLS=$PWD/.dev/tools
LOGS=fuzz/artifacts
# One input may take 10 s and 1 GiB; evidence is far below 20 kB.
LIMITS=(-seed=1 -timeout=10 -rss_limit_mb=1024 -max_len=20000 -print_final_stats=1)
# Without AddressSanitizer: the parsers are safe Rust, their faults are panics, and it halves the speed.
BUILD=(--sanitizer none)

# tools: what is needed, installed where that can be done, else named.
tools() {
    have rustup || die "fuzzing needs rustup, for its nightly compiler; nothing else needs it"
    have c++ || have g++ || have clang++ || apt_install g++ ||
        die "fuzzing needs a C++ compiler for libFuzzer; on Debian: apt-get install g++"
    if ! rustup run "$TOOLCHAIN" rustc --version >/dev/null 2>&1; then
        say "adding the toolchain $TOOLCHAIN"
        limited 600 rustup toolchain install "$TOOLCHAIN" --profile minimal >/dev/null 2>&1 ||
            die "rustup could not add it; when its server is in reach: rustup toolchain install $TOOLCHAIN"
    fi
    if [ "$("$TOOLS/bin/cargo-fuzz" --version 2>/dev/null)" != "cargo-fuzz $CARGO_FUZZ_VERSION" ]; then
        say "installing cargo-fuzz $CARGO_FUZZ_VERSION into .dev/tools"
        CARGO_TARGET_DIR=$TOOLS/build cargo install --quiet --locked --root "$TOOLS" \
            cargo-fuzz --version "$CARGO_FUZZ_VERSION" </dev/null ||
            die "cargo could not install cargo-fuzz; it needs the package registry once"
        rm -rf "$TOOLS/build"
    fi
}

# fuzz <subcommand> <argument>...: cargo-fuzz with the chosen compiler.
fuzz() {
    local command=$1
    shift
    rustup run "$TOOLCHAIN" "$TOOLS/bin/cargo-fuzz" "$command" --fuzz-dir fuzz "$@"
}

# seeds: minted evidence into fuzz/corpus, so that no target begins with nothing.
seeds() {
    cargo run --quiet --locked --manifest-path fuzz/Cargo.toml --example seeds || die "the seeds could not be made"
}

# run <target>: one line if all went well, else what its log says of the fault.
run() {
    local target=$1 log=$LOGS/$1.log status=0
    mkdir -p "fuzz/corpus/$target"
    fuzz run "${BUILD[@]}" "$target" -- "${LIMITS[@]}" "-max_total_time=$SECONDS_EACH" \
        </dev/null >"$log" 2>&1 || status=$?
    if [ "$status" != 0 ]; then
        say "$target: FAILED; all of it in $log"
        grep -aE -A 2 'panicked at|libFuzzer: |Test unit written|Reproduce with' "$log" | head -n 20 >&2 || true
        return 1
    fi
    printf '%-20s %s inputs, %s per second, coverage %s\n' "$target" \
        "$(figure number_of_executed_units "$log")" "$(figure average_exec_per_sec "$log")" \
        "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)"
}

# figure <name> <log>: a figure of libFuzzer's final statistics.
figure() { sed -n "s/^stat::$1: *//p" "$2"; }

tools
if [ "${1:-}" = list ]; then
    fuzz list
    exit
fi
chosen=("$@")
[ $# -gt 0 ] || mapfile -t chosen < <(fuzz list)
export CARGO_NET_RETRY=2
mkdir -p "$LOGS"
say "making seeds, building the targets"
seeds
fuzz build "${BUILD[@]}" 2>"$LOGS/build.log" || {
    tail -n 40 "$LOGS/build.log" >&2
    die "the targets do not build"
}
failed=()
for target in "${chosen[@]}"; do
    run "$target" || failed+=("$target")
done
[ ${#failed[@]} -eq 0 ] || die "${#failed[@]} of ${#chosen[@]} targets failed: ${failed[*]}; inputs in fuzz/artifacts/"
say "${#chosen[@]} targets, $SECONDS_EACH s each: nothing found"
