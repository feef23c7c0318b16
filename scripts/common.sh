# shellcheck shell=bash disable=SC2034
# Sourced by the other scripts: messages, versions, Debian packages. Defines functions only.

# The oldest Rust that builds the workspace; Cargo.toml's rust-version says the same.
MIN_RUST=1.90.0

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $*"
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# rust_version <rustc>: prints "1.95.0"; nothing if it does not run.
rust_version() { "$1" --version 2>/dev/null | sed -n 's/^rustc \([0-9.]*\).*/\1/p'; }

# at_least <version> <minimum>
at_least() { [ -n "$1" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }

# can_apt: may this user install Debian packages here?
can_apt() { [ "$(id -u)" = 0 ] && have apt-get; }

# apt_install <package>...: installs quietly; the end of its log is shown only when it fails. Returns 1 then.
# The lists are refreshed first: stale ones offer a Debian Rust that is too old.
apt_install() {
    local log
    can_apt || return 1
    log=$(mktemp)
    say "installing Debian packages: $*"
    if { apt-get -qq update || true; DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 \
        install -y --no-install-recommends "$@"; } </dev/null >"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    say "apt-get could not install them:"
    tail -n 5 "$log" >&2
    rm -f "$log"
    return 1
}

# limited <seconds> <command>...: runs it for at most that long, without input.
limited() {
    local seconds=$1
    shift
    if have timeout; then timeout "$seconds" "$@" </dev/null; else "$@" </dev/null; fi
}

# quiet <command>...: shows the end of what it wrote only when it fails. Returns 1 then.
quiet() {
    local log
    log=$(mktemp)
    if "$@" </dev/null >"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    tail -n 20 "$log" >&2
    rm -f "$log"
    return 1
}

# sha256 <file>: prints the digest alone.
sha256() { if have sha256sum; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1; }

# bytes <file>
bytes() { echo $(($(wc -c <"$1"))); }

# need_stage: sets STAGE, the program that sets up chain, contracts and worker; one given in the environment is kept.
need_stage() {
    STAGE=${STAGE:-${CARGO_TARGET_DIR:-target}/debug/stage}
    [ -x "$STAGE" ] || die "no $STAGE; build it with: cargo build --workspace --bins"
}
